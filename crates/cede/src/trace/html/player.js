"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const STEP = 14, ROW = 22, NEST = 13, LEFT = 176;

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  // Hues far apart, neither too light nor too dark for either scheme.
  const colour = (lane) => `hsl(${(205 + lane * 137.5) % 360} 58% 52%)`;

  // One log: its lanes, its controls, and what stands at a moment.
  class Play {
    constructor(play) {
      this.play = play;
      this.frames = play.frames;
      this.at = 0;
      this.timer = null;
      this.lane = new Map(play.lanes.map((lane, place) => [lane.id, place]));
      this.file = null;
      this.root = make("section", "play");
      if (data.plays.length > 1) this.root.append(make("h2", "", play.name));
      this.build();
      this.draw();
      this.show(0);
    }

    build() {
      const bar = make("div", "bar");
      const button = (label, title, act) => {
        const element = make("button", "", label);
        element.title = title;
        element.setAttribute("aria-label", title);
        element.addEventListener("click", act);
        bar.append(element);
        return element;
      };
      button("|◀", "to the beginning", () => this.show(0));
      button("◀", "an event back", () => this.show(this.at - 1)).dataset.do = "back";
      this.playButton = button("▶ play", "play or pause", () => this.toggle());
      this.playButton.dataset.do = "play";
      button("▶|", "an event on", () => this.show(this.at + 1)).dataset.do = "step";
      this.scrubber = make("input");
      Object.assign(this.scrubber, { type: "range", min: 0, max: this.frames.length - 1, value: 0 });
      this.scrubber.setAttribute("aria-label", "moment");
      this.scrubber.addEventListener("input", () => this.show(Number(this.scrubber.value)));
      this.where = make("span", "where");
      bar.append(this.scrubber, this.where);
      this.said = make("div", "said");
      this.said.setAttribute("aria-live", "polite");
      this.lanes = make("div", "lanes");
      const under = make("div", "under");
      const [left, right] = [make("div"), make("div")];
      this.source = make("div", "box source");
      const box = (title, into, className) => {
        const element = make("div", "box");
        element.append(make("h3", "", title));
        const inside = make("div", className);
        element.append(inside);
        into.append(element);
        return inside;
      };
      left.append(this.source);
      this.output = box("output", left, "output");
      this.queue = box("ready queue", right, "ready");
      this.lists = box("callback lists", right, "lists");
      this.timers = box("timers", right, "timers");
      this.tasks = box("tasks", right, "task-list");
      under.append(left, right);
      this.root.append(bar, this.said, this.lanes, under);
      if (this.play.leftOut > 0) {
        this.root.append(make("p", "none", `${this.play.leftOut} earlier events are not on this page.`));
      }
    }

    // ---- the lanes

    depths() {
      const depth = new Map();
      for (const frame of this.frames) {
        for (const [id, , inline] of frame.tasks) depth.set(id, Math.max(depth.get(id) || 0, inline.length));
      }
      return depth;
    }

    draw() {
      const depths = this.depths();
      const tops = new Map();
      let y = 20;
      const rows = [["loop", "event loop", 0], ...this.play.lanes.map((lane) => [lane.id, lane.label, depths.get(lane.id) || 0])];
      const hasCalls = this.frames.some((frame) => frame.control === "call");
      if (hasCalls) rows.push(["call", "callbacks", 0]);
      for (const [id, , depth] of rows) {
        tops.set(id, y);
        y += ROW + depth * NEST;
      }
      // The names stay where they are while the lanes scroll.
      const width = this.frames.length * STEP + 12;
      const names = svg("svg", { class: "names", width: LEFT, height: y + 6 });
      const picture = svg("svg", { width, height: y + 6, role: "img", "aria-label": "lanes of tasks" });
      this.turns(picture, y);
      for (const [id, label, depth] of rows) {
        const top = tops.get(id);
        const text = svg("text", { x: 10, y: top + 13 });
        text.textContent = label.length > 24 ? label.slice(0, 23) + "…" : label;
        const rule = { x1: 0, y1: top + ROW + depth * NEST - 3, y2: top + ROW + depth * NEST - 3, stroke: "var(--line)" };
        picture.append(svg("line", { ...rule, x2: width }));
        names.append(svg("line", { ...rule, x2: LEFT }), text);
      }
      this.bars(picture, tops);
      this.cursor = svg("rect", { class: "cursor", x: 0, y: 16, width: STEP, height: y - 12, fill: "var(--focus)", opacity: 0.22 });
      picture.append(this.cursor);
      picture.addEventListener("click", (event) => {
        const x = event.clientX - picture.getBoundingClientRect().left;
        if (x >= 0) this.show(Math.floor(x / STEP));
      });
      this.lanes.append(names, picture);
      const legend = make("p", "legend");
      const looks = { has: "has control", called: "awaits in place", ready: "is ready", waits: "has ceded, and waits" };
      for (const [look, text] of Object.entries(looks)) legend.append(make("i", look), make("span", "", text));
      this.lanes.after(legend);
    }

    turns(picture, height) {
      let before = 0, labelled = -100;
      this.frames.forEach((frame, place) => {
        if (frame.turn === before) return;
        before = frame.turn;
        const x = place * STEP;
        picture.append(svg("line", { x1: x, x2: x, y1: 14, y2: height, stroke: "var(--line)", "stroke-dasharray": "2 3" }));
        if (x - labelled > 44) {
          const text = svg("text", { x: x + 2, y: 11, class: "dim" });
          text.textContent = labelled < 0 ? `turn ${before}` : before;
          picture.append(text);
          labelled = x;
        }
      });
    }

    // A bar for every stretch in which a lane looks the same.
    bars(picture, tops) {
      const draw = (lane, level, from, to, look) => {
        const x = from * STEP, width = (to - from) * STEP, top = tops.get(lane) + level * NEST;
        const fill = lane === "loop" || lane === "call" ? "var(--loop)" : colour(this.lane.get(lane));
        if (look.kind === "ready" || look.kind === "waits") {
          const stroke = look.kind === "ready" ? "var(--ready)" : "var(--waits)";
          picture.append(svg("line", { x1: x, x2: x + width, y1: top + 8, y2: top + 8, stroke, "stroke-width": look.kind === "ready" ? 4 : 2, "stroke-dasharray": look.kind === "ready" ? "" : "4 4" }));
          return;
        }
        const bar = svg("rect", { x, y: top, width, height: 16, rx: 3, fill, opacity: look.kind === "called" ? 0.32 : level > 0 ? 0.85 : 1 });
        const title = svg("title", {});
        title.textContent = look.title;
        bar.append(title);
        picture.append(bar);
        if (level > 0 && width > 40) {
          const text = svg("text", { x: x + 3, y: top + 12, "pointer-events": "none" });
          text.textContent = look.title.slice(0, Math.floor(width / 7));
          picture.append(text);
        }
      };
      const open = new Map();
      const at = (place, looks) => {
        for (const [key, bar] of [...open]) {
          const look = looks.get(key);
          if (!look || look.kind !== bar.look.kind || look.title !== bar.look.title || look.run !== bar.look.run) {
            draw(bar.lane, bar.level, bar.from, place, bar.look);
            open.delete(key);
          }
        }
        for (const [key, look] of looks) {
          if (!open.has(key)) open.set(key, { lane: look.lane, level: look.level, from: place, look });
        }
      };
      let run = 0, before = 0;
      this.frames.forEach((frame, place) => {
        const looks = new Map();
        if (frame.control === "loop" || frame.control === "call") {
          looks.set(frame.control, { lane: frame.control, level: 0, kind: "has", title: frame.control === "loop" ? "event loop" : "a callback" });
        }
        const inside = frame.tasks.reduce((sum, task) => sum + task[2].length, 0);
        if (inside > before) run += 1; // two calls in a row are two bars
        before = inside;
        for (const [id, doing, inline] of frame.tasks) {
          const has = frame.control === id;
          if (doing === "runs") {
            const top = has ? "has" : "called";
            looks.set(`${id}`, { lane: id, level: 0, kind: inline.length || !has ? "called" : "has", title: this.label(id) });
            inline.forEach((name, level) => looks.set(`${id}/${level}`, { lane: id, level: level + 1, kind: level === inline.length - 1 ? top : "called", title: name, run }));
          } else if (doing === "ready" || doing === "waits") {
            looks.set(`${id}`, { lane: id, level: inline.length, kind: doing, title: doing });
          }
        }
        at(place, looks);
      });
      at(this.frames.length, new Map());
    }

    label(id) {
      const lane = this.lane.get(id);
      return lane === undefined ? `task ${id}` : this.play.lanes[lane].label;
    }

    // ---- a moment

    show(place) {
      this.at = Math.max(0, Math.min(this.frames.length - 1, place));
      const frame = this.frames[this.at];
      if (!frame) return;
      this.scrubber.value = this.at;
      this.where.textContent = `${this.at + 1} / ${this.frames.length} · turn ${frame.turn} · ${frame.time.toFixed(3)} s`;
      const next = this.frames[this.at + 1];
      this.said.replaceChildren(make("div", "now", frame.text), make("div", "next", next ? `Next: ${next.text}` : "That was the last event."));
      this.cursor.setAttribute("transform", `translate(${this.at * STEP} 0)`);
      this.follow();
      this.showSource(frame);
      this.showQueue(frame);
      this.fill(this.lists, frame.lists, (list) => `${list.of}: ${list.has.join(", ")}`);
      this.fill(this.timers, frame.timers, (timer) => timer);
      this.showTasks(frame);
      this.output.textContent = this.frames.slice(0, this.at + 1).map((frame) => frame.printed || "").join("");
      this.output.scrollTop = this.output.scrollHeight;
      if (this.at === this.frames.length - 1) this.pause();
    }

    follow() {
      const x = this.at * STEP, box = this.lanes, seen = box.clientWidth - LEFT;
      if (x < box.scrollLeft || x > box.scrollLeft + seen - 60) box.scrollLeft = x - seen / 2;
    }

    showSource(frame) {
      // An event without a place leaves the line of the last one that had one.
      let place = frame.at;
      for (let at = this.at; !place && at >= 0; at -= 1) place = this.frames[at].at;
      if (!place) place = (this.frames.find((frame) => frame.at) || {}).at;
      if (!place) return;
      const [file, line] = place;
      if (this.file !== file) this.load(file);
      for (const here of this.source.querySelectorAll(".here")) here.classList.remove("here");
      const item = this.source.querySelector(`li[data-line="${line}"]`);
      if (!item) {
        if (this.missing) this.missing.textContent = `line ${line}`;
        return;
      }
      item.classList.add("here");
      const top = item.offsetTop - this.source.offsetTop;
      if (top < this.source.scrollTop + 20 || top > this.source.scrollTop + this.source.clientHeight - 40) {
        this.source.scrollTop = top - this.source.clientHeight / 3;
      }
    }

    load(file) {
      this.file = file;
      const text = data.sources[file];
      this.source.replaceChildren(make("h3", "", file));
      this.missing = null;
      if (text === undefined) {
        this.missing = make("p", "none", "");
        this.source.append(make("p", "none", "The file is not here; its lines have numbers only."), this.missing);
        return;
      }
      const list = make("ol");
      text.split("\n").forEach((code, place) => {
        const item = make("li");
        item.dataset.line = place + 1;
        item.append(make("b", "", place + 1), document.createTextNode(code));
        list.append(item);
      });
      this.source.append(list);
    }

    showQueue(frame) {
      if (frame.ready.length === 0) return this.queue.replaceChildren(make("span", "none", "empty"));
      const list = make("ol", "queue");
      frame.ready.slice(0, 60).forEach((job, place) => {
        const item = make("li", place < frame.left ? "" : "later", job);
        item.title = place < frame.left ? "in this turn" : "in the next turn";
        list.append(item);
      });
      this.queue.replaceChildren(list);
    }

    fill(into, things, text) {
      if (things.length === 0) return into.replaceChildren(make("span", "none", "none"));
      const list = make("ul", "plain");
      for (const thing of things) list.append(make("li", "", text(thing)));
      into.replaceChildren(list);
    }

    showTasks(frame) {
      const table = make("table", "tasks");
      for (const [id, doing, inline, on, at] of frame.tasks) {
        const row = make("tr", doing);
        const name = make("td");
        const dot = make("i");
        dot.style.background = colour(this.lane.get(id));
        name.append(dot, this.label(id));
        const inside = inline.length ? ` in ${inline.join(" › ")}` : "";
        const state = on ? `waits for ${on}${at ? `, ${at}` : ""}` : doing;
        row.append(name, make("td", "", state + inside));
        table.append(row);
      }
      this.tasks.replaceChildren(table);
    }

    // ---- playing

    turn(by) {
      let place = this.at;
      const now = this.frames[place].turn;
      do place += by; while (this.frames[place] && this.frames[place].turn === now);
      if (by < 0) while (this.frames[place - 1] && this.frames[place - 1].turn === (this.frames[place] || {}).turn) place -= 1;
      this.show(place);
    }

    toggle() {
      if (this.timer) return this.pause();
      if (this.at === this.frames.length - 1) this.show(0);
      this.playButton.textContent = "❚❚ pause";
      this.timer = setInterval(() => this.show(this.at + 1), 650);
    }

    pause() {
      clearInterval(this.timer);
      this.timer = null;
      this.playButton.textContent = "▶ play";
    }
  }

  const plays = data.plays.filter((play) => play.frames.length).map((play) => new Play(play));
  const main = document.getElementById("plays");
  main.append(...plays.map((play) => play.root));
  if (plays.length > 1) document.body.classList.add("two");
  const asked = Number(location.hash.slice(1));
  for (const play of plays) play.show(asked > 0 ? asked - 1 : 0);
  const keys = {
    ArrowRight: (play) => play.show(play.at + 1),
    ArrowLeft: (play) => play.show(play.at - 1),
    ArrowDown: (play) => play.turn(1),
    ArrowUp: (play) => play.turn(-1),
    Home: (play) => play.show(0),
    End: (play) => play.show(play.frames.length - 1),
    " ": (play) => play.toggle(),
  };
  addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.tagName === "BUTTON") return;
    event.preventDefault();
    plays.forEach(act);
  });
  window.cedePlays = plays;
})();
