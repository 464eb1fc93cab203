// Package quantize turns a model's products into GGUF's block formats with as
// little harm as it can: it runs text through the model, looks at what every
// product reads, and rounds the weights so that what the product gives, and not
// the weights, stays as it was.
//
// It goes layer by layer. A layer reads what the layers before it give after
// they have been rounded, so that each makes up for the ones before. What is in
// memory is the model as bf16, the residual stream of the text, and of one layer
// the statistics and, as fp32, the products that read what is scaled.
//
// The result is a function of the model, the text's tokens and the options: the
// number of threads and interruptions do not enter.
package quantize
