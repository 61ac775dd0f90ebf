// Starts the page. A file of its own because the content security policy allows no inline script.
import init from "./app.js";

init({ module_or_path: new URL("./app_bg.wasm", import.meta.url) }).catch(() => {
  const set = (id, text) => {
    const element = document.getElementById(id);
    if (element) element.textContent = text;
  };
  set("stage", "The page could not start");
  set("problem-what", "The page's program could not be started.");
  set(
    "problem-remedy",
    "Use a browser with WebAssembly SIMD (Chrome or Edge 91, Firefox 89, Safari 16.4, or newer), then reload the page.",
  );
  set("problem-code", "G2D-P34");
  document.getElementById("problem")?.removeAttribute("hidden");
});
