// shared.js
function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}
function probabilityText(probability) {
  const text = probability.toFixed(2);
  return { "1.00": ">0.99", "0.00": "<0.01" }[text] ?? text;
}
function pictures() {
  const urls = /* @__PURE__ */ new Set();
  return {
    url(buffer, type) {
      const url = URL.createObjectURL(new Blob([buffer], { type }));
      urls.add(url);
      return url;
    },
    free() {
      for (const url of urls) URL.revokeObjectURL(url);
      urls.clear();
    }
  };
}
function listen(model, el, handlers) {
  const trouble = element("p", { className: "trouble", role: "alert", hidden: true });
  el.prepend(trouble);
  const receive = (message, buffers) => {
    trouble.hidden = message.kind !== "error";
    trouble.textContent = message.kind === "error" ? message.text : "";
    handlers[message.kind]?.(message, buffers);
  };
  model.on("msg:custom", receive);
  model.send({ kind: "ready", view: crypto.getRandomValues(new Uint32Array(2)).join("-") });
  return () => model.off("msg:custom", receive);
}

// home.js
function download(buffer, name, type) {
  const url = URL.createObjectURL(new Blob([buffer], { type }));
  const link = element("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 6e4);
}

// lens.js
var LONGEST = 1600;
function encode(picture, width, height, { longest = LONGEST, most = Infinity, quality = 0.92 } = {}) {
  const scale = Math.min(1, longest / Math.max(width, height), Math.sqrt(most / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (most < Infinity && !context.getImageData(0, 0, 1, 1).data[3]) return Promise.resolve(null);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

// teach.js
var LONGEST2 = 1600;
var carriesFiles = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
async function shrink(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const blob = await encode(bitmap, bitmap.width, bitmap.height, { longest: LONGEST2 });
  bitmap.close();
  return await blob?.arrayBuffer() ?? null;
}
function render({ model, el, signal }) {
  const shelf = pictures();
  const word = element("input", { type: "text", autocomplete: "off", placeholder: "smirk, freckles, sunglasses…" });
  const note = element("p", { className: "small" });
  const status = element("p", { className: "small trouble-free", role: "status" });
  const troubles = element("ul", { className: "small troubles", ariaLabel: "Photos that were left out" });
  const wells = [
    buildWell(true, "Yes: the face shows it"),
    buildWell(false, "No: it does not")
  ];
  const learn = element("button", { type: "button", className: "main" }, "Learn the word");
  const forget = element("button", { type: "button" }, "Forget all");
  const sentence = element("p", { className: "sentence" });
  const fill = element("span", { className: "fill" });
  const value = element("b");
  const bar = element(
    "div",
    { className: "answer" },
    element("span", {}, "This face"),
    element("span", { className: "track", ariaHidden: "true" }, fill),
    value
  );
  const show = element("button", { type: "button" }, "Show where");
  const save = element("button", { type: "button" }, "Download the head");
  const against = element("ol", { className: "strip" });
  const contrary = element(
    "div",
    { className: "contrary", hidden: true },
    element("p", { className: "small" }, "Most against the fit. Perhaps one is in the wrong place; press it to take it away, then learn again."),
    against
  );
  const use = element("p", { className: "small" }, "The word is a row of the board now, with its own threshold, and “where it looks” has its exact map. The download opens anywhere: facelens predict PHOTO --model FILE.");
  const result = element(
    "div",
    { className: "result", hidden: true, ariaLive: "polite" },
    sentence,
    bar,
    element("div", { className: "line" }, show, save),
    contrary,
    use
  );
  const fold = element(
    "details",
    { className: "card" },
    element("summary", {}, element("h2", {}, "Teach it a word")),
    element("p", {}, "Name what the rows lack, and give 10 to 50 photos of faces that show it and as many that do not. A new answer is fitted to what the network sees in them, and you are told how well it can be told at all."),
    element("p", { className: "small" }, "Only numbers are kept of each face, no photo, until you forget them or press Clear."),
    element("label", { className: "word" }, "The word", word),
    element("div", { className: "wells" }, ...wells.map((well) => well.box)),
    status,
    troubles,
    element("div", { className: "line" }, learn, forget),
    result,
    note
  );
  el.classList.add("facelens", "teach");
  el.append(fold);
  const queue = [];
  const given = /* @__PURE__ */ new Map();
  let most = 100;
  let sent = null;
  let learning = false;
  let face = false;
  let counted = 0;
  function buildWell(yes, title) {
    const chooser = element("input", { type: "file", accept: "image/*,.heic,.heif", multiple: true, hidden: true });
    const add = element("button", { type: "button" }, "Add photos");
    const current = element("button", { type: "button", disabled: true }, "This face");
    const count = element("span", { className: "small" }, "none yet");
    const strip = element("ul", { className: "strip" });
    const box = element(
      "div",
      { className: "place", role: "group", ariaLabel: title },
      element("div", { className: "head" }, element("h3", {}, title), count),
      element("div", { className: "line" }, add, current, chooser),
      strip
    );
    add.onclick = () => chooser.click();
    chooser.onchange = () => {
      take([...chooser.files], yes);
      chooser.value = "";
    };
    current.onclick = () => {
      queue.push({ yes, name: "the face on the page" });
      next();
    };
    box.addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      box.classList.add("over");
    }, { signal });
    box.addEventListener("dragleave", () => box.classList.remove("over"), { signal });
    box.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      box.classList.remove("over");
      take([...event.dataTransfer.files], yes);
    }, { signal });
    return { yes, box, current, count, strip };
  }
  function take(files, yes) {
    troubles.replaceChildren();
    queue.push(...files.map((file) => ({ file, yes, name: file.name || "photo" })));
    next();
  }
  const complain = (name, text) => {
    if (troubles.childElementCount < 6) troubles.append(element("li", {}, `${name}: ${text}`));
  };
  async function next() {
    if (sent || !queue.length) {
      paint();
      return;
    }
    counted += 1;
    const mine = { ...queue.shift(), id: `${counted}` };
    sent = mine;
    paint();
    if (given.size >= most) {
      queue.length = 0;
      sent = null;
      complain(mine.name, `${most} faces are all that fit.`);
      paint();
      return;
    }
    const { id, yes, file } = mine;
    if (!file) {
      model.send({ kind: "current", id, yes });
      return;
    }
    const bytes = await shrink(file).catch(() => null);
    if (sent !== mine) return;
    if (!bytes) {
      complain(mine.name, "this browser cannot read it; try a JPEG.");
      sent = null;
      next();
      return;
    }
    model.send({ kind: "photo", id, yes }, void 0, [bytes]);
  }
  const answered = (id) => {
    if (sent?.id !== id) return null;
    const mine = sent;
    sent = null;
    return mine;
  };
  const tile = (id, picture, text = "") => {
    const button = element(
      "button",
      { type: "button", className: "tile", title: "Take this face away" },
      element("img", { src: picture, alt: "" }),
      text,
      element("span", { className: "unseen" }, `Take face ${id} away`),
      element("span", { className: "cross", ariaHidden: "true" }, "×")
    );
    button.onclick = () => remove(id);
    return element("li", {}, button);
  };
  function remove(id) {
    const there = given.get(id);
    if (!there) return;
    model.send({ kind: "remove", id });
    const beside = there.item.nextElementSibling ?? there.item.previousElementSibling;
    there.item.remove();
    for (const item of against.children) if (item.dataset.id === id) item.remove();
    contrary.hidden = !against.childElementCount;
    given.delete(id);
    if (document.activeElement === document.body) (beside?.firstElementChild ?? learn).focus();
    paint();
  }
  function paint() {
    const counts = wells.map((well) => {
      const count = [...given.values()].filter((each) => each.yes === well.yes).length;
      well.count.textContent = count === 0 ? "none yet" : count === 1 ? "1 face" : `${count} faces`;
      well.current.disabled = !face;
      return count;
    });
    const waiting = queue.length + (sent ? 1 : 0);
    status.textContent = learning ? "Learning…" : waiting ? `Reading photos: ${waiting} to go…` : Math.min(...counts) < 5 ? "At least 5 of each; 10 or more make it certain." : Math.min(...counts) < 10 ? "That will do; 10 or more of each make it more certain." : "";
    learn.ariaDisabled = String(learning || waiting > 0);
    forget.disabled = given.size === 0 && result.hidden && !waiting;
  }
  learn.onclick = () => {
    if (learn.ariaDisabled === "true") return;
    learning = true;
    paint();
    model.send({ kind: "learn", word: word.value });
  };
  word.onkeydown = (event) => {
    if (event.key === "Enter") learn.onclick();
  };
  forget.onclick = () => {
    queue.length = 0;
    sent = null;
    model.send({ kind: "forget" });
    word.focus();
  };
  save.onclick = () => model.send({ kind: "head" });
  show.onclick = () => el.closest(".facelens-page")?.querySelector(".heatmap")?.scrollIntoView({ block: "start", behavior: "smooth" });
  const empty = () => {
    queue.length = 0;
    sent = null;
    shelf.free();
    given.clear();
    for (const well of wells) well.strip.replaceChildren();
    against.replaceChildren();
    contrary.hidden = true;
    troubles.replaceChildren();
    paint();
  };
  const silence = listen(model, el, {
    text(message) {
      most = message.most;
      word.maxLength = message.longest;
      note.textContent = message.note;
    },
    offer({ able }) {
      face = able;
      paint();
    },
    taken({ id }, [picture]) {
      const mine = answered(id);
      if (!mine) {
        model.send({ kind: "remove", id });
        return;
      }
      const url = shelf.url(picture, "image/jpeg");
      const item = tile(id, url);
      given.set(id, { yes: mine.yes, url, item });
      wells.find((well) => well.yes === mine.yes).strip.append(item);
      next();
    },
    refused({ id, text }) {
      const mine = answered(id);
      if (mine) complain(mine.name, text);
      next();
    },
    learned(message) {
      learning = false;
      sentence.textContent = message.sentence;
      result.dataset.able = String(message.able);
      against.replaceChildren(...message.contrary.filter(([id]) => given.has(id)).map(([id, p]) => {
        const { url, yes } = given.get(id);
        const item = tile(id, url, element("small", {}, `${yes ? "yes" : "no"}, but ${probabilityText(p)}`));
        item.dataset.id = id;
        return item;
      }));
      contrary.hidden = !against.childElementCount;
      result.hidden = false;
      paint();
    },
    face({ value: probability }) {
      bar.hidden = show.hidden = probability === null;
      fill.style.width = `${100 * (probability ?? 0)}%`;
      value.textContent = probabilityText(probability ?? 0);
    },
    file(message, [buffer]) {
      download(buffer, message.name, message.type);
    },
    emptied: empty,
    forgotten() {
      learning = false;
      word.value = "";
      result.hidden = true;
      empty();
    },
    error() {
      learning = false;
      paint();
    }
  });
  paint();
  return () => {
    empty();
    silence();
  };
}
var teach_default = { render };
export {
  teach_default as default
};
