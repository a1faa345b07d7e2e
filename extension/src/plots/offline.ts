import type { Figure } from "fovea/protocol";

/** Traces and parts of a layout that plotly draws from outlines, tiles or fonts of a server. */
const MAP_TRACE = /^(scattergeo|choropleth|(scatter|density|choropleth)map(box)?)$/;
const MAP_LAYOUT = /^(geo|map|mapbox)\d*$/;

/**
 * Returns a figure without all that plotly would load from the network: the output of a notebook that nobody trusts is shown too, and
 * an address in it would tell a server who opens it. Pictures stay that are `data:` addresses.
 */
export function offline({ data, layout, config }: Figure): { figure: Figure; isWhole: boolean } {
  const walk = new Walk();
  const traces = (data as Record<string, unknown>[]).filter((trace) => !isMap(trace));
  const kept = Object.entries(layout).filter(([key]) => !MAP_LAYOUT.test(key));
  const figure = {
    data: walk.without(traces) as object[],
    layout: walk.without(Object.fromEntries(kept)) as Record<string, unknown>,
    config: walk.without(config) as Record<string, unknown>,
  };
  return { figure, isWhole: walk.isWhole && traces.length === data.length };
}

const isMap = ({ type }: Record<string, unknown>): boolean => typeof type === "string" && MAP_TRACE.test(type);

/** Keys whose texts plotly loads or sends to: addresses of pictures, outlines and servers. */
const ADDRESS = /^(source|geojson|\w*url)$/i;

class Walk {
  isWhole = true;

  without(value: unknown): unknown {
    // Columns are long and hold no addresses.
    if (Array.isArray(value)) return value.some(isObject) ? value.map((item) => this.without(item)) : value;
    if (!isObject(value)) return value;
    const entries = Object.entries(value).filter(([key, inner]) => !this.isRemote(key, inner));
    return Object.fromEntries(entries.map(([key, inner]) => [key, this.without(inner)]));
  }

  private isRemote(key: string, value: unknown): boolean {
    const isRemote = typeof value === "string" && ADDRESS.test(key) && value !== "" && !/^data:/i.test(value);
    if (isRemote) this.isWhole = false;
    return isRemote;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
