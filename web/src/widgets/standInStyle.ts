// Cytoscape adds a style element unless one of this name is there; the content
// security policy would refuse it, and the rule is in our own style sheet.
export function standInStyle(): void {
  const id = '__________cytoscape_stylesheet';
  if (document.getElementById(id)) return;
  const mark = document.createElement('meta');
  mark.id = id;
  document.head.append(mark);
}
