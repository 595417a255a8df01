// Runs before the first paint, and is no module for that: a dark page must not flash white.
document.documentElement.dataset.theme =
  localStorage.getItem('nilometer.theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
