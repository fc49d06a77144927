// Sets the colour scheme before anything is painted. It is a file of its own
// since the content security policy allows no script inside the page.
(() => {
  let wanted = 'auto';
  try {
    wanted = localStorage.getItem('edgeward.scheme') || 'auto';
  } catch {
    // Storage may be forbidden; the system's scheme is right then.
  }
  const dark =
    wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
