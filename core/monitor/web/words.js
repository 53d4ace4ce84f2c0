/** Numbers, times and elements for the page's other scripts. */
globalThis.redpkt = {};
(({ redpkt, document }) => {
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

  function bytes(value) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let i = 0;
    while (value >= 1000 && i < units.length - 1) {
      value /= 1000;
      i++;
    }
    return `${value >= 100 || i === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[i]}`;
  }

  function micros(value) {
    if (value < 1000) return `${Math.round(value)} µs`;
    if (value < 1e6) return `${(value / 1000).toFixed(value < 1e4 ? 2 : value < 1e5 ? 1 : 0)} ms`;
    return `${(value / 1e6).toFixed(2)} s`;
  }

  const long = (value) => Math.abs(value) < 100_000 ? whole.format(value) : compact.format(value);
  const formats = {
    count: long,
    perSecond: (value) => `${value < 10 && value % 1 ? value.toFixed(1) : long(value)}/s`,
    us: micros,
    ms: (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`,
    bytes,
    bytesPerSecond: (value) => `${bytes(value)}/s`,
    percent: (value) => `${value.toFixed(0)} %`,
    yuan: (value) => `¥${Math.abs(value) < 1000 ? value.toFixed(2) : long(value)}`,
  };

  /** A value in its unit; a dash where there is none. */
  redpkt.format = (value, unit) => value === null || value === undefined ? "–" : formats[unit](value);
  /** The same, as short as an axis wants it. */
  redpkt.formatAxis = (value, unit) => {
    if (value === null) return "";
    if (unit === "bytes" || unit === "bytesPerSecond") return bytes(value).replace(".0 ", " ");
    if (unit === "us") return value === 0 ? "0" : micros(value).replace(/\.0+ /, " ");
    return compact.format(value) + (unit === "percent" ? " %" : unit === "ms" ? " ms" : "");
  };
  redpkt.clockTime = (seconds) => {
    const date = new Date(seconds * 1000);
    return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0"))
      .join(":");
  };

  /** Makes an element; what is text stays text. */
  redpkt.element = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== undefined) {
        element.setAttribute(name, value === true ? "" : value);
      }
    }
    element.append(...children);
    return element;
  };
  redpkt.byId = (id) => document.getElementById(id);
})(globalThis);
