package keyfile

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The examples of RFC 2268 §5.
func TestRC2_GivesTheStandardsExamples(t *testing.T) {
	for _, c := range []struct {
		key       string
		effective int
		plain     string
		sealed    string
	}{
		{"0000000000000000", 63, "0000000000000000", "ebb773f993278eff"},
		{"ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"},
		{"88", 64, "0000000000000000", "61a8a244adacccf0"},
		{"88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"},
		{"88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"},
		{"88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"},
		{"88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e", 129, "0000000000000000", "5b78d3a43dfff1f1"},
	} {
		key, _ := hex.DecodeString(c.key)
		plain, _ := hex.DecodeString(c.plain)
		block := newRC2(key, c.effective)
		sealed, opened := make([]byte, 8), make([]byte, 8)
		block.Encrypt(sealed, plain)
		if hex.EncodeToString(sealed) != c.sealed {
			t.Errorf("key %s, %d bits: %x, want %s", c.key, c.effective, sealed, c.sealed)
		}
		if block.Decrypt(opened, sealed); !bytes.Equal(opened, plain) {
			t.Errorf("key %s, %d bits: opened to %x", c.key, c.effective, opened)
		}
	}
}
