// Package ui is the web chat: a page that speaks the server's own OpenAI API on
// the origin that it came from, and asks nothing of any other.
//
// Its sources are in web (Svelte, built by Vite); what they build to is in dist
// and is committed, so that Go alone builds the program. Conversations stay in
// the browser.
package ui
