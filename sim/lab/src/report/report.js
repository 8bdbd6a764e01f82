"use strict";
(() => {
  // Everything else of the page works without a script.
  document.documentElement.classList.add("scripted");

  for (const figure of document.querySelectorAll("figure")) {
    watch(figure, JSON.parse(figure.querySelector("script").textContent));
  }
  // Closed cases would be missing on paper.
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details.case").forEach((details) => (details.open = true));
  });

  // The points of all curves. Places are in pixels of the drawing.
  function flatten(curves) {
    return curves.flatMap(({ name, points }, number) =>
      points.map(([left, top, right, bottom, x, y, confidence]) => {
        return { number, curve: name, left, top, right, bottom, x, y, confidence, middle: (left + right) / 2 };
      })
    );
  }

  // The number of the point that is nearest to a place.
  function nearest(points, x, y) {
    const distance = (point) => {
      const dx = Math.max(point.left - x, 0, x - point.right);
      const dy = Math.max(point.top - y, 0, y - point.bottom);
      return dx * dx + dy * dy;
    };
    let found = 0;
    points.forEach((point, number) => {
      if (distance(point) < distance(points[found])) {
        found = number;
      }
    });
    return found;
  }

  // The number of the point of the next curve that is above or below that with this number.
  function across(points, shown, step) {
    const from = points[shown];
    const away = (point) => Math.abs(point.middle - from.middle);
    const candidates = points.filter((point) => point.number === from.number + step);
    const best = candidates.reduce((best, point) => (away(point) < away(best) ? point : best), candidates[0]);
    return best ? points.indexOf(best) : shown;
  }

  function line(name, value) {
    const line = document.createElement("div");
    const label = document.createElement("span");
    label.textContent = name + ": ";
    line.append(label, value);
    return line;
  }

  // What is told of a point.
  function lines(data, point) {
    const head = document.createElement("b");
    head.textContent = point.curve;
    const told = [head, line(data.x, point.x), line(data.y, point.y)];
    return point.confidence ? [...told, line("95 % confidence", point.confidence)] : told;
  }

  function mark(dot, area, point) {
    const set = (element, values) => Object.entries(values).forEach(([name, value]) => element.setAttribute(name, value));
    set(dot, { cx: point.middle, cy: point.top });
    // Of no height or width, nothing would be drawn.
    const [width, height] = [point.right - point.left, point.bottom - point.top].map((size) => Math.max(size, 0.01));
    set(area, { x: point.left, y: point.top, width, height });
  }

  function watch(figure, data) {
    const plot = figure.querySelector(".plot");
    const [svg, tip, dot, area] = ["svg", ".tip", ".dot", ".area"].map((name) => plot.querySelector(name));
    const points = flatten(data.curves);
    if (points.length === 0) {
      return;
    }
    let shown = -1;
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "Values of the figure: use the arrow keys");

    function show(number, aloud) {
      shown = number;
      const point = points[number];
      // What a pointer passes over isn't read out.
      tip.setAttribute("aria-live", aloud ? "polite" : "off");
      tip.hidden = false;
      tip.replaceChildren(...lines(data, point));
      mark(dot, area, point);
      plot.classList.add("shown");
      const scale = svg.clientWidth / svg.viewBox.baseVal.width;
      const left = point.middle * scale - tip.offsetWidth / 2;
      const above = point.top * scale - tip.offsetHeight - 14;
      tip.style.left = Math.max(0, Math.min(left, plot.clientWidth - tip.offsetWidth)) + "px";
      tip.style.top = (above >= 0 ? above : point.top * scale + 18) + "px";
    }

    function hide() {
      shown = -1;
      tip.hidden = true;
      plot.classList.remove("shown");
    }

    function follow(event) {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      const [left, top, right, bottom] = data.plot;
      const margin = 30;
      const isNear = x > left - margin && x < right + margin && y > top - margin && y < bottom + margin;
      isNear ? show(nearest(points, x, y), false) : hide();
    }

    function press(event) {
      const last = points.length - 1;
      const steps = {
        ArrowRight: () => Math.min(shown + 1, last),
        ArrowLeft: () => Math.max(shown - 1, 0),
        ArrowUp: () => across(points, shown, -1),
        ArrowDown: () => across(points, shown, 1),
        Home: () => 0,
        End: () => last,
      };
      if (event.key === "Escape") {
        hide();
      } else if (steps[event.key]) {
        event.preventDefault();
        show(shown < 0 ? 0 : steps[event.key](), true);
      }
    }

    svg.addEventListener("pointermove", follow);
    svg.addEventListener("pointerdown", follow);
    // A finger leaves when it lifts; what it chose stays.
    svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
    plot.addEventListener("keydown", press);
    plot.addEventListener("focus", () => plot.matches(":focus-visible") && shown < 0 && show(0, true));
    plot.addEventListener("blur", hide);
  }
})();
