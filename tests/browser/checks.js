// What can be checked of what is visible: names of controls, contrast of texts, doubled ids, lists, and nothing out of sight.
(() => {
  const faults = [];
  const shown = [...document.body.querySelectorAll("*")].filter((element) => element.checkVisibility({ visibilityProperty: true }));
  const name = (element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className.baseVal ?? element.className}`;

  // WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 for large letters; what can't be used now is exempt.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((value) => (value / 255 <= 0.04045 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  for (const element of shown) {
    const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!text || element.closest(":disabled, .unseen-text, noscript")) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(channels(style.color)), luminance(ground(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < least) faults.push(`contrast ${ratio.toFixed(2)}: ${name(element)}: ${element.textContent.trim().slice(0, 30)}`);
  }

  // Every control says what it is; every picture is hidden from those who hear the page.
  for (const element of shown.filter((one) => one.matches("button, input, textarea, a, [role=button]"))) {
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join("");
    const said = element.getAttribute("aria-label") ?? (element.matches("input, textarea") ? labels : element.textContent);
    if (!said.trim()) faults.push(`no name: ${name(element)}`);
  }
  for (const picture of shown.filter((one) => one.matches("svg"))) {
    if (picture.getAttribute("aria-hidden") !== "true") faults.push(`a picture without a word: ${name(picture)}`);
  }
  for (const element of shown.filter((one) => one.hasAttribute("aria-labelledby"))) {
    if (!document.getElementById(element.getAttribute("aria-labelledby"))) faults.push(`labelled by nothing: ${name(element)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);

  // Landmarks, and headings without a gap.
  for (const landmark of ["main", "header", "nav"]) if (!document.querySelector(landmark)) faults.push(`no ${landmark}`);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");

  // Nothing sticks out of the window, and no word out of its button.
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than the window");
  if (document.documentElement.scrollHeight > innerHeight) faults.push("the page is higher than the window");
  for (const element of shown.filter((one) => one.matches("button, .strip, footer, .steps li"))) {
    if (element.scrollWidth > element.clientWidth + 1) faults.push(`too wide for its place: ${name(element)}`);
  }
  return faults;
})();
