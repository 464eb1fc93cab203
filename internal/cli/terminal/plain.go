package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxInput bounds what is read from a pipe.
const maxInput = 64 << 20

// Plain answers what it reads from in and writes the answers to out, as they
// come and without decoration: all of the input is one message, or with lines
// each line that is not empty is one. show makes text safe for out.
func Plain(ctx context.Context, m Model, o Options, lines bool, in io.Reader, out io.Writer, show func(string) string) error {
	s, err := newSession(m, o)
	if err != nil {
		return err
	}
	if err := s.attach(ctx, o.Images); err != nil {
		return err
	}
	if !lines {
		text, err := io.ReadAll(io.LimitReader(in, maxInput+1))
		if err != nil {
			return fmt.Errorf("reading the message: %w", err)
		}
		if len(text) > maxInput {
			return fmt.Errorf("a message of more than %d MiB", maxInput>>20)
		}
		message := strings.TrimRight(string(text), "\r\n")
		if message == "" {
			return errors.New("the standard input is empty; write your message to it")
		}
		return s.plainAnswer(ctx, message, out, show)
	}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxInput)
	for scanner.Scan() {
		message := strings.TrimRight(scanner.Text(), "\r")
		if message == "" {
			continue
		}
		if err := s.plainAnswer(ctx, message, out, show); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("reading the messages: %w", err)
	}
	return nil
}

// plainAnswer takes one turn.
func (s *session) plainAnswer(ctx context.Context, message string, out io.Writer, show func(string) string) error {
	s.say(message)
	var answer strings.Builder
	for p := range s.answer(ctx) {
		if s.reading != nil {
			s.reading(p.reading)
		}
		answer.WriteString(p.text)
		if p.text != "" {
			if _, err := io.WriteString(out, show(p.text)); err != nil {
				return err // the reader of the pipe has gone
			}
		}
		if p.err != nil {
			if answer.Len() > 0 {
				fmt.Fprintln(out)
			}
			return p.err
		}
	}
	if !strings.HasSuffix(answer.String(), "\n") {
		if _, err := fmt.Fprintln(out); err != nil {
			return err
		}
	}
	return s.answered(answer.String())
}
