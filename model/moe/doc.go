// Package moe is the mixture-of-experts feed-forward of the decoder: a softmax
// router in fp32, dispatch of rows to their experts, the experts as grouped
// products, and the weighted sum that puts their results together.
//
// Nothing is ever dropped unless a capacity is set, and then only in training:
// a row's result depends on that row and the weights alone.
package moe
