'use strict';

// What a declaration file makes public, and what it says of it.

const ts = require('typescript');

const isExported = (node) => ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((each) => each.kind === ts.SyntaxKind.ExportKeyword);

const isPrivate = (node) => Boolean(ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private);

/** Members of classes, interfaces and type literals, however deep, with their path: 'DatabaseStats.queue.waiting'. */
function membersOf(node, source, path) {
  const found = [];
  for (const member of node.members ?? []) {
    if (isPrivate(member) || member.name === undefined) continue;
    const name = `${path}.${member.name.getText(source)}`;
    found.push({ name, node: member });
    if (member.type !== undefined && ts.isTypeLiteralNode(member.type)) found.push(...membersOf(member.type, source, name));
  }
  const parts = node.type !== undefined && ts.isIntersectionTypeNode(node.type) ? node.type.types : [];
  return [...found, ...parts.flatMap((part) => membersOf(part, source, path))];
}

/** Everything public in a declaration file: [{ name, isOptional, doc }]. Overloads come once, with the doc of the first. */
function publicNames(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const all = source.statements
    .filter((node) => isExported(node) && node.name !== undefined)
    .flatMap((node) => [{ name: node.name.text, node }, ...membersOf(node, source, node.name.text)]);
  const first = new Map();
  for (const { name, node } of all) if (!first.has(name)) first.set(name, node);
  return [...first].map(([name, node]) => ({
    name,
    isOptional: node.questionToken !== undefined && !ts.isMethodDeclaration(node),
    doc: ts.getJSDocCommentsAndTags(node).map((each) => each.getText(source)).join('\n'),
  }));
}

module.exports = { publicNames };
