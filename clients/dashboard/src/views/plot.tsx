/** A chart that follows its data, its width and the colour scheme; what it shows is also said in words. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useMedia } from "../looking";

const HEIGHT = 132;

interface Properties {
  /** Made anew with the colours of the scheme whenever it changes. */
  options: (color: (name: string) => string) => Omit<uPlot.Options, "width" | "height">;
  data: uPlot.AlignedData;
  /** What the chart says. */
  words: string;
}

export function Plot({ options, data, words }: Properties) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = useMedia("(prefers-color-scheme: dark)");

  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const style = getComputedStyle(document.documentElement);
    const color = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    const made = new uPlot({ ...options(color), width: element.clientWidth || 300, height: HEIGHT }, data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [dark]);
  useEffect(() => plot.current?.setData(data), [data]);

  return <div class="plot" ref={place} role="img" aria-label={words} />;
}
