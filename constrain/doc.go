// Package constrain keeps a model's output to a grammar: any JSON, a JSON
// Schema, a regular expression, a grammar in llama.cpp's notation, or free text
// with tagged JSON in it.
//
// A Vocabulary knows the bytes of each token and compiles grammars. A Grammar
// is a set of rules, each a deterministic automaton over bytes that may call
// other rules. A Mask follows one completion: it holds the automaton states
// that are possible, each with the stack of calls that led there, and sets the
// logits of tokens that must not follow to negative infinity.
//
// Which tokens a state allows is found by walking the vocabulary as a tree of
// bytes. What does not depend on the stack is computed once per state and kept;
// only tokens that leave the rule they began in are checked each time. Tokens
// that are plain text are a tree of their own: a state inside a JSON string
// allows all of them without a walk. (The division into stack-independent and
// dependent tokens is that of XGrammar, arXiv:2411.15100; the plain tokens are
// the "slices" of llguidance.)
//
// What is generated under a mask to its end is a sentence of the grammar. A
// completion that is cut short is not.
//
// # JSON Schema
//
// These keywords are honoured:
//
//   - type, enum, const; true and false
//   - properties, required, additionalProperties, unevaluatedProperties,
//     patternProperties, propertyNames, minProperties, maxProperties
//   - items, prefixItems (and items with a list, additionalItems),
//     unevaluatedItems, minItems, maxItems
//   - minimum, maximum, exclusiveMinimum, exclusiveMaximum: exactly, for
//     integers and decimals; multipleOf whole numbers
//   - minLength, maxLength, pattern (RE2 syntax; it matches anywhere)
//   - format: date, time, date-time, duration, email, idn-email, hostname, ipv4,
//     ipv6, uuid, uri, uri-reference, iri, iri-reference, json-pointer, byte;
//     enforced, and often narrower than its standard. int32, int64, float,
//     double and password say nothing
//   - allOf; anyOf; oneOf, if it can be shown that no two branches hold at once
//   - $ref to # and places below it, recursive too; $defs, definitions
//   - annotations: title, description, default, examples and their like
//
// Everything else is refused by name. Four things are narrower than the
// standard, so that a text that is generated is valid but not every valid text
// can be generated:
//
//   - Members come in the order in which the schema declares them, then
//     required ones that are not declared, then others.
//   - An object with properties or patternProperties has no other members,
//     unless additionalProperties allows them.
//   - A schema without type whose keywords speak of certain types is taken to be
//     of these types.
//   - White space is nothing, one space, or a line break with an indentation,
//     and none before a comma or colon. Numbers have at most 19 digits before
//     the point and 17 after it, or as many as a bound has; integers are written
//     without fraction and exponent, numbers with bounds without exponent. In
//     strings with minLength, maxLength, pattern or format, and in keys beside
//     declared ones, characters are escaped only where they must be.
//
// The keys of members that are not declared may repeat, as they may in JSON.
// Lengths and counts go up to 8192, a schema up to 1 MiB.
package constrain
