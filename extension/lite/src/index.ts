/** JupyterLite's plugin that registers the kernel in a page. The kernel's files lie beside JupyterLite on the site. */
import { PageConfig } from "@jupyterlab/coreutils";
import { IKernelClient, IKernelSpecs, type IKernel } from "@jupyterlite/services";
import { LiteKernel, type KernelModule } from "./kernel";

/** The kernel's folder, from the folder of JupyterLite. */
const KERNEL = "../fovea/";

/** The part of JupyterLite's application that the plugin uses. */
interface Plugin {
  id: string;
  description: string;
  autoStart: boolean;
  requires: unknown[];
  activate(app: unknown, specs: IKernelSpecs, client: IKernelClient): void;
}

const plugin: Plugin = {
  id: "fovea-lite:kernel",
  description: "Registers Fovea's kernel, which runs in a worker of the page.",
  autoStart: true,
  requires: [IKernelSpecs, IKernelClient],
  activate(_, specs, client) {
    const base = new URL(KERNEL, PageConfig.getBaseUrl()).href;
    const kernels = new Map<string, LiteKernel>();
    specs.register({
      spec: {
        name: "fovea",
        display_name: "Fovea (TypeScript)",
        language: "typescript",
        argv: [],
        resources: { "logo-32x32": `${base}logo-32x32.png`, "logo-64x64": `${base}logo-64x64.png` },
      },
      create: async (options: IKernel.IOptions): Promise<IKernel> => {
        const { startJupyter } = (await import(/* webpackIgnore: true */ `${base}jupyter.js`)) as KernelModule;
        const kernel = new LiteKernel(options, (send) => startJupyter({ base, send }));
        kernels.set(kernel.id, kernel);
        kernel.disposed.connect(() => kernels.get(kernel.id) === kernel && kernels.delete(kernel.id));
        return kernel;
      },
    });
    interruptByKernel(client, kernels);
  },
};

/** JupyterLite's own interrupt only drops cells that wait for their turn; none of ours does, since the kernel keeps the order. */
function interruptByKernel(client: IKernelClient, kernels: ReadonlyMap<string, LiteKernel>): void {
  const others = client.interrupt.bind(client);
  client.interrupt = async (id) => (kernels.has(id) ? kernels.get(id)?.interrupt() : others(id));
}

export default plugin;
