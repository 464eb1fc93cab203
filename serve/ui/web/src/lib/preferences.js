// What the browser remembers beside the conversations: theme, the view of
// probabilities, the defaults of a new conversation, and the API key.
const at = 'polymath.preferences';
const keyAt = 'polymath.key';

// samplingFields are the settings that are sent as they are named; null leaves
// the choice to the server.
export const samplingFields = [
  { name: 'temperature', label: 'Temperature', min: 0, max: 2, step: 0.1, hint: '0 always takes the likeliest token' },
  { name: 'top_p', label: 'Top-p', min: 0, max: 1, step: 0.05, hint: 'only the likeliest tokens that reach this share' },
  { name: 'max_completion_tokens', label: 'Longest answer', min: 1, max: 10_000_000, step: 1, whole: true, hint: 'in tokens' },
  { name: 'seed', label: 'Seed', min: 0, max: 2 ** 53 - 1, step: 1, whole: true, hint: 'the same seed gives the same answer' },
  { name: 'presence_penalty', label: 'Presence penalty', min: -2, max: 2, step: 0.1, hint: 'above 0: fewer words that have appeared' },
  { name: 'frequency_penalty', label: 'Frequency penalty', min: -2, max: 2, step: 0.1, hint: 'above 0: less of what appeared often' },
];

// fault returns what is wrong with a field's value, or ''.
export function fault(field, value) {
  if (value === null) return '';
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'not a number';
  if (field.whole && !Number.isSafeInteger(value)) return 'not a whole number';
  if (value < field.min || value > field.max) return `not between ${field.min} and ${field.max}`;
  return '';
}

// emptySettings are a conversation's settings where nothing was chosen.
export function emptySettings() {
  return { system: '', sampling: Object.fromEntries(samplingFields.map((f) => [f.name, null])) };
}

// tidySettings keeps what is valid and drops the rest.
export function tidySettings(settings) {
  const out = emptySettings();
  if (typeof settings?.system === 'string') out.system = settings.system;
  for (const f of samplingFields) {
    const value = settings?.sampling?.[f.name] ?? null;
    if (fault(f, value) === '') out.sampling[f.name] = value;
  }
  return out;
}

export function loadPreferences() {
  let saved = {};
  try {
    saved = JSON.parse(localStorage.getItem(at) ?? '{}') ?? {};
  } catch {
    // Unreadable or forbidden: begin afresh.
  }
  return {
    theme: ['light', 'dark'].includes(saved.theme) ? saved.theme : 'system',
    probabilities: saved.probabilities === true,
    model: typeof saved.model === 'string' ? saved.model : '',
    defaults: tidySettings(saved.defaults),
  };
}

export function savePreferences(preferences) {
  try {
    localStorage.setItem(at, JSON.stringify(preferences));
  } catch {
    // Storage may be full or forbidden; the choice holds until the page closes.
  }
}

export function loadKey() {
  try {
    return sessionStorage.getItem(keyAt) ?? localStorage.getItem(keyAt) ?? '';
  } catch {
    return '';
  }
}

export function saveKey(key, remember) {
  try {
    sessionStorage.removeItem(keyAt);
    localStorage.removeItem(keyAt);
    if (key) (remember ? localStorage : sessionStorage).setItem(keyAt, key);
  } catch {
    // As above.
  }
}
