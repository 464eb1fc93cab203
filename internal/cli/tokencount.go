package cli

import (
	"errors"
	"strconv"
	"strings"
)

// tokenCount is a flag: a number of tokens, where 8k are 8192.
type tokenCount int

// String is of pflag.Value.
func (c *tokenCount) String() string { return strconv.Itoa(int(*c)) }

// Type is of pflag.Value.
func (c *tokenCount) Type() string { return "tokens" }

// Set is of pflag.Value.
func (c *tokenCount) Set(text string) error {
	n, err := parseTokens(text)
	*c = tokenCount(n)
	return err
}

// parseTokens reads a number of tokens; k stands for 1024.
func parseTokens(text string) (int, error) {
	digits, thousands := strings.CutSuffix(strings.ToLower(text), "k")
	n, err := strconv.ParseUint(digits, 10, 31)
	if thousands {
		n <<= 10
	}
	if err != nil || n == 0 || n > 1<<31 {
		return 0, errors.New("give a number of tokens such as 8192 or 8k")
	}
	return int(n), nil
}
