import { render } from "preact";
import { App } from "./views/app";
import "uplot/dist/uPlot.min.css";
import "./styles.css";

render(<App />, document.getElementById("page") as HTMLElement);
