package hint_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/hint"
)

func TestOf(t *testing.T) {
	inner := hint.New("no functions", "fngen function NAME")
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"without a hint", io.EOF, ""},
		{"with a hint", inner, "fngen function NAME"},
		{"wrapped", fmt.Errorf("listing: %w", inner), "fngen function NAME"},
		{"joined with another", errors.Join(io.EOF, inner), "fngen function NAME"},
		{"two hints", hint.With(inner, "the outer one"), "the outer one"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, hint.Of(test.err))
		})
	}
}

func TestWithKeepsTheError(t *testing.T) {
	err := hint.With(io.EOF, "try again")
	assert.EqualError(t, err, "EOF")
	assert.ErrorIs(t, err, io.EOF)
	assert.NoError(t, hint.With(nil, "try again"))

	err = hint.Newf("try again", "reading: %w", io.EOF)
	assert.EqualError(t, err, "reading: EOF")
	assert.ErrorIs(t, err, io.EOF)
}
