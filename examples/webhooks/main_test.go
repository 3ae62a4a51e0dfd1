package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutput(t *testing.T) {
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, run(&got))
	require.Equal(t, string(want), got.String())
}
