/** Light or dark by the reader's choice, which wins over the system's and is kept for the next page. */
const KEY = "fovea-theme";
type Theme = "light" | "dark";

const isDark = (): boolean => matchMedia("(prefers-color-scheme: dark)").matches;

/** A page from disk, or one whose storage is forbidden, keeps no choice. */
function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice holds for this page alone.
  }
}

/** Puts the kept choice in place before the page is drawn. */
export function restoreTheme(): void {
  const theme = stored();
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}

/** Returns the button that changes between light and dark. */
export function themeButton(words: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "◐";
  button.title = words;
  button.setAttribute("aria-label", words);
  button.addEventListener("click", () => {
    const { dataset } = document.documentElement;
    const shown = dataset.theme ?? (isDark() ? "dark" : "light");
    const theme: Theme = shown === "dark" ? "light" : "dark";
    dataset.theme = theme;
    keep(theme);
  });
  return button;
}
