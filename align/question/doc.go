// Package question makes instruction, preference and safety data out of what a corpus
// says already: doc comments, dictionaries, tables, and headings with their text. The
// question is made of a name, the answer is what the corpus says of it, and a wrong
// answer is what it says of a neighbor. So a private corpus gets an assistant that
// knows it without anybody labelling anything.
//
// Read reads sources into a Set, and Each and Write make conversations, comparisons
// and tasks of it. All of it is a function of the sources' bytes and of the options.
package question
