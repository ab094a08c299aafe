// Characters without a shape of their own (control characters, those that reverse the text) are shown by their number.
const INVISIBLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const codePoint = (char) => `<U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`;

/** A text of several lines. */
const visible = (text) => String(text).replace(INVISIBLE, codePoint);

/** A text of one line. */
const oneLine = (text) => visible(text).replace(/\n/g, codePoint);

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function duration(seconds) {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const FONT = "13px system-ui, sans-serif";
const pen = document.createElement("canvas").getContext("2d");

function widthOf(text) {
  pen.font = FONT;
  return pen.measureText(text).width;
}

/** The lines of a name, none wider than `limit` pixels: broken after separators if possible, and at most three. */
function wrapped(name, limit) {
  const lines = [""];
  for (const part of oneLine(name).match(/[^@_\-/. ]*[@_\-/. ]?/g)) {
    for (const piece of widthOf(part) > limit ? [...part] : [part]) {
      const line = lines[lines.length - 1];
      if (line && widthOf(line + piece) > limit) lines.push(piece);
      else lines[lines.length - 1] = line + piece;
    }
    if (lines.length > 4) break;
  }
  if (lines.length > 3) {
    let last = [...lines[2]];
    while (last.length && widthOf(last.join("") + "…") > limit) last.pop();
    return [lines[0], lines[1], last.join("") + "…"];
  }
  return lines;
}
