import { LabIcon } from "@jupyterlab/ui-components";

/** The eye in one ink, which JupyterLab colors by its theme. */
export const eyeIcon: LabIcon = new LabIcon({
  name: "jupyterlab-fovea:eye",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">
<g class="jp-icon3" fill="#616161"><path fill-rule="evenodd" d="M1.5 12C5 6.3 8.5 4 12 4s7 2.3 10.5 8C19 17.7 15.5 20 12 20S5 17.7 1.5 12Zm2.3 0
c2.8 4.2 5.5 6 8.2 6s5.4-1.8 8.2-6C17.4 7.8 14.7 6 12 6S6.6 7.8 3.8 12Z"/><path fill-rule="evenodd" d="M12 7.5a4.5 4.5 0 1 1 0 9
a4.5 4.5 0 0 1 0-9Zm1.2 2a1.3 1.3 0 1 0 0 2.6a1.3 1.3 0 0 0 0-2.6Z"/></g></svg>`,
});

/** The mark of the kernel, in its colors: for cards, which are large. */
export const markIcon: LabIcon = new LabIcon({
  name: "jupyterlab-fovea:mark",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">
<rect width="64" height="64" rx="14" fill="#1d3557"/>
<path d="M5 32C14 17.5 23 12 32 12s18 5.5 27 20C50 46.5 41 52 32 52S14 46.5 5 32Z" fill="#f1faee"/>
<circle cx="32" cy="32" r="16" fill="#ef8354"/><circle cx="32" cy="32" r="11" fill="#ffd166"/>
<circle cx="32" cy="32" r="7.6" fill="#14213d"/><circle cx="34.6" cy="29.4" r="2.3" fill="#fff"/></svg>`,
});
