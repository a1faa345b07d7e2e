import type { ISessionContext } from "@jupyterlab/apputils";
import { Notification } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import { SessionChannels, type SessionFinder } from "../comms";
import { DEFAULT_KERNEL, type ViewPreferences } from "../preferences";
import { OverviewConnection } from "./connection";

/**
 * Tells the kernels of open notebooks what the reader set for them, at their start and at every change. Kernels do what is default
 * without being told, and are left alone.
 */
export function sendKernelSettings(
  sessions: SessionFinder,
  preferences: ViewPreferences,
  trans: TranslationBundle,
): void {
  const told = new Map<ISessionContext, OverviewConnection>();
  const request = () => Object.assign({ type: "settings" as const }, preferences.kernel());
  const isDefault = (): boolean => JSON.stringify(preferences.kernel()) === JSON.stringify(DEFAULT_KERNEL);
  const begin = (context: ISessionContext): void => {
    const connection = new OverviewConnection(new SessionChannels(context), () => [request()]);
    connection.failed.connect((_, problem) => {
      Notification.error(trans.__("The kernel of %1 refuses a setting: %2", context.name, problem));
    });
    told.set(context, connection);
  };
  const follow = (): void => {
    const open = sessions.all();
    for (const [context, connection] of told)
      if (!open.includes(context)) {
        connection.dispose();
        told.delete(context);
      }
    if (!isDefault()) open.filter((context) => !told.has(context)).forEach(begin);
  };
  sessions.changed.connect(follow);
  preferences.kernelChanged.connect(() => {
    for (const connection of told.values()) connection.send(request());
    follow();
  });
  follow();
}
