'use strict';

// Markdown files cut into sections: pieces small enough to be an answer, each knowing where it stands.

const fs = require('node:fs/promises');
const path = require('node:path');

/** The markdown files among `names` (files or folders, relative to `root`), folders with all they hold, in name order.
 *  Names that do not exist are left out, and so are symbolic links: they may lead in circles. */
async function findMarkdown(root, names = ['.']) {
  const files = [];
  for (const name of names) {
    const stat = await fs.lstat(path.join(root, name)).catch(() => undefined);
    if (stat?.isDirectory()) files.push(...(await findMarkdown(root, await childrenOf(root, name))));
    else if (stat?.isFile() && name.endsWith('.md')) files.push(name.split(path.sep).join('/'));
  }
  return files;
}

async function childrenOf(root, folder) {
  const names = await fs.readdir(path.join(root, folder));
  const wanted = names.filter((name) => !name.startsWith('.') && name !== 'node_modules');
  return wanted.sort().map((name) => path.join(folder, name));
}

/** Reads `files` (relative to `root`) and cuts them. Returns [{ file, heading, text }], text at most `maxChars` long. */
async function readSections(root, files, { maxChars = 1200 } = {}) {
  const sections = [];
  for (const file of files) {
    const markdown = await fs.readFile(path.join(root, file), 'utf8');
    for (const section of cutSections(markdown, { maxChars })) sections.push({ file, ...section });
  }
  return sections;
}

/** Cuts one markdown text. `heading` is the path of headings above the text: 'Install > From source'. */
function cutSections(markdown, { maxChars = 1200 } = {}) {
  const sections = [];
  const headings = [];
  let lines = [];
  const finish = () => {
    const heading = headings.filter(Boolean).join(' > ');
    const text = lines.join('\n').trim();
    for (const part of cutText(text, maxChars)) sections.push({ heading, text: part });
    lines = [];
  };

  let fence = null;
  for (const line of markdown.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    fence = fenceAfter(line, fence);
    const title = fence ? null : /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (!title) {
      lines.push(line);
      continue;
    }
    finish();
    headings.length = title[1].length - 1;
    headings.push(plainHeading(title[2]));
  }
  finish();
  return sections;
}

/** The mark that will close the code block we are in after this line, or null outside: a "# comment" in there is no heading. */
function fenceAfter(line, fence) {
  const mark = /^\s*(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line);
  if (!mark) return fence;
  if (fence === null) return mark[1];
  const closes = mark[1].startsWith(fence) && mark[2].trim() === '';
  return closes ? null : fence;
}

function plainHeading(title) {
  return title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
}

/** Cuts text into parts of at most `maxChars`, at the coarsest boundary that does: paragraph, line, word, character. */
function cutText(text, maxChars, boundaries = ['\n\n', '\n', ' ', '']) {
  if (text.length <= maxChars) return text === '' ? [] : [text];
  const [boundary, ...finer] = boundaries;
  const pieces = boundary === '' ? [...text] : text.split(boundary);
  const parts = [''];
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (last === '') parts[parts.length - 1] = piece;
    else if (last.length + boundary.length + piece.length <= maxChars) parts[parts.length - 1] = last + boundary + piece;
    else parts.push(piece);
  }
  return parts.map((part) => part.trim()).flatMap((part) => cutText(part, maxChars, finer));
}

module.exports = { findMarkdown, readSections, cutSections };
