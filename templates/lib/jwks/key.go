package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// maxKeys is the maximum number of keys in a set. Large issuers publish ten.
const maxKeys = 100

// The accepted sizes of RSA keys, in bits. Larger keys are slow to verify with.
const minRSA, maxRSA = 2048, 8192

// A key verifies signatures.
type key struct {
	id         string
	algorithms []string // that the key can be used with
	public     crypto.PublicKey
}

// matching returns the keys for an ID and an algorithm. An empty ID matches all
// keys.
func matching(keys []key, id, algorithm string) []crypto.PublicKey {
	var found []crypto.PublicKey
	for _, k := range keys {
		if (id == "" || k.id == id) && slices.Contains(k.algorithms, algorithm) {
			found = append(found, k.public)
		}
	}
	return found
}

// parseSet returns the keys of a set that can verify signatures. It skips other
// keys (RFC 7517, section 5) and fails if none remain.
func parseSet(data []byte) ([]key, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("decoding the key set: %w", err)
	}
	switch {
	case len(set.Keys) > maxKeys:
		return nil, fmt.Errorf("key set has %d keys, want at most %d", len(set.Keys), maxKeys)
	case len(set.Keys) == 0:
		return nil, errors.New("key set is empty")
	}
	var keys []key
	var lastErr error
	for _, data := range set.Keys {
		k, err := parseKey(data)
		if err != nil {
			lastErr = err
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("none of the %d keys in the set can be used: %w", len(set.Keys), lastErr)
	}
	return keys, nil
}

func parseKey(data []byte) (key, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(data, &m); err != nil {
		return key{}, err
	}
	if m.USE != "" && m.USE != jwkset.UseSig {
		return key{}, fmt.Errorf("key %q is not for signatures (use is %q)", m.KID, m.USE)
	}
	if len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify) {
		return key{}, fmt.Errorf("key %q is not for verifying (key_ops is %q)", m.KID, m.KEYOPS)
	}
	// Omit the certificates: they cannot be verified without an authority.
	jwk, err := jwkset.NewJWKFromMarshal(jwkset.JWKMarshal{
		KTY: m.KTY, CRV: m.CRV, N: m.N, E: m.E, X: m.X, Y: m.Y,
	}, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return key{}, fmt.Errorf("key %q: %w", m.KID, err)
	}
	k := key{id: m.KID, public: jwk.Key()}
	if k.algorithms, err = algorithms(k.public); err != nil {
		return key{}, fmt.Errorf("key %q: %w", m.KID, err)
	}
	if m.ALG == "Ed25519" { // RFC 9864, section 2.2
		m.ALG = jwkset.AlgEdDSA
	}
	if m.ALG != "" {
		if !slices.Contains(k.algorithms, m.ALG.String()) {
			return key{}, fmt.Errorf("key %q cannot be used with its algorithm %q", m.KID, m.ALG)
		}
		k.algorithms = []string{m.ALG.String()}
	}
	return k, nil
}

// algorithms returns the algorithms that a key can be used with (RFC 7518,
// section 3.1, and RFC 8037).
func algorithms(public crypto.PublicKey) ([]string, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSA || bits > maxRSA {
			return nil, fmt.Errorf("RSA key of %d bits, want %d to %d", bits, minRSA, maxRSA)
		}
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PublicKey:
		switch public.Params().BitSize {
		case 256:
			return []string{"ES256"}, nil
		case 384:
			return []string{"ES384"}, nil
		case 521:
			return []string{"ES512"}, nil
		}
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	}
	return nil, errors.New("unsupported key type or curve")
}
