// Runs before the page is drawn, so that a chosen theme does not blink.

(() => {
  try {
    const theme = localStorage.getItem('theme');
    if (theme) document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the theme is the system's.
  }
})();
