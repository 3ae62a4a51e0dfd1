package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test's program be the shop too, as main does.
func TestMain(m *testing.M) {
	if os.Getenv(processVariable) != "" {
		exit(shop(os.Stdout))
	}
	os.Exit(m.Run())
}

func TestOutput(t *testing.T) {
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, run(&got, ""))
	require.Equal(t, string(want), got.String())
}

// A file that is there already is gone on with.
func TestAFileOfOnesOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.db")
	for range 2 {
		var got bytes.Buffer
		require.NoError(t, run(&got, file))
		require.Contains(t, got.String(), "settled 1 operation")
		require.Contains(t, got.String(), "by 1 authorization")
	}
}
