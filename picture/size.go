package picture

import (
	"bytes"
	"errors"
	"fmt"
)

// Size returns the size of the picture that Decode would return, upright, from
// the header and the structure of the file, without decoding it. Errors are those
// that Decode finds there; what is wrong with the pixels' data is not found.
func Size(data []byte, limits Limits) (width, height int, err error) {
	limits = limits.orDefault()
	if int64(len(data)) > limits.Bytes {
		return 0, 0, &LimitError{"bytes", int64(len(data)), limits.Bytes}
	}
	format := sniff(data)
	c, ok := codecs[format]
	if !ok {
		return 0, 0, &FormatError{format}
	}
	width, height, orientation, err := c.header(data, format, limits)
	if err != nil {
		return 0, 0, dataFault(format, err)
	}
	if orientation >= 5 { // on its side
		width, height = height, width
	}
	return width, height, nil
}

// header returns the size of what is stored, within limits, and the orientation.
// A panic in a decoder is the data's fault.
func (c codec) header(data []byte, format string, limits Limits) (width, height, orientation int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the decoder failed: %v", r)
		}
	}()
	config, err := c.config(bytes.NewReader(data))
	if err != nil {
		return 0, 0, 0, err
	}
	if err := limits.check(format, int64(len(data)), config.Width, config.Height); err != nil {
		return 0, 0, 0, err
	}
	orientation, err = c.look(data, int64(config.Width)*int64(config.Height))
	return config.Width, config.Height, orientation, err
}

// dataFault makes err, if there is one, an error of the data.
func dataFault(format string, err error) error {
	var limit *LimitError
	var damage *DamageError
	if err != nil && !errors.As(err, &limit) && !errors.As(err, &damage) {
		return &DamageError{format, err}
	}
	return err
}
