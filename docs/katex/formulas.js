// Draws what pymdownx.arithmatex has marked as formulas, and nothing else.
document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll(".arithmatex")) {
    const tex = element.textContent.trim().slice(2, -2); // without \( \) or \[ \]
    katex.render(tex, element, { displayMode: element.tagName === "DIV", throwOnError: false });
  }
});
