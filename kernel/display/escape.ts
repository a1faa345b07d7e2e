const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes text for HTML and XML, in content or in a quoted attribute. Characters that XML forbids become U+FFFD. */
export function escapeMarkup(text: string): string {
  const legal = text.replace(
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    "\ufffd",
  );
  return legal.replace(/[&<>"']/g, (char) => ENTITIES[char]);
}
