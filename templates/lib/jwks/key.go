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

// maxKeys bounds a set. Azure, with the most, has less than ten.
const maxKeys = 100

// The sizes that RSA keys have, in bits. Verifying by a larger one takes long.
const minRSA, maxRSA = 2048, 8192

// A key verifies signatures.
type key struct {
	id         string
	algorithms []string // that it is for
	public     crypto.PublicKey
}

// matching are the keys that an id and an algorithm fit.
func matching(keys []key, id, algorithm string) []crypto.PublicKey {
	var list []crypto.PublicKey
	for _, k := range keys {
		if (id == "" || k.id == id) && slices.Contains(k.algorithms, algorithm) {
			list = append(list, k.public)
		}
	}
	return list
}

// parse is the keys of a set that verify signatures, of which there has to be one. Others, and what this
// knows nothing of, are passed over, as RFC 7517 wants it in section 5.
func parse(data []byte) ([]key, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("not a key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("more than %d keys", maxKeys)
	}
	var keys []key
	var reason error
	for _, data := range set.Keys {
		k, err := parseKey(data)
		if err != nil {
			reason = err
			continue
		}
		keys = append(keys, k)
	}
	switch {
	case len(keys) > 0:
		return keys, nil
	case reason != nil:
		return nil, fmt.Errorf("none of %d keys can be used: %w", len(set.Keys), reason)
	}
	return nil, errors.New("no keys")
}

func parseKey(data []byte) (key, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(data, &m); err != nil {
		return key{}, err
	}
	if m.USE != "" && m.USE != jwkset.UseSig {
		return key{}, fmt.Errorf("the key %q is not for signatures", m.KID)
	}
	if len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify) {
		return key{}, fmt.Errorf("the key %q is not to verify", m.KID)
	}
	// Only the key is of interest: not the certificates, which nobody here could verify.
	jwk, err := jwkset.NewJWKFromMarshal(jwkset.JWKMarshal{
		KTY: m.KTY, CRV: m.CRV, N: m.N, E: m.E, X: m.X, Y: m.Y,
	}, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return key{}, fmt.Errorf("the key %q: %w", m.KID, err)
	}
	k := key{id: m.KID, public: jwk.Key()}
	if k.algorithms, err = algorithms(k.public); err != nil {
		return key{}, fmt.Errorf("the key %q: %w", m.KID, err)
	}
	if m.ALG == "Ed25519" { // RFC 9864, section 2.2
		m.ALG = jwkset.AlgEdDSA
	}
	if m.ALG != "" {
		if !slices.Contains(k.algorithms, m.ALG.String()) {
			return key{}, fmt.Errorf("the key %q is not of its algorithm %q", m.KID, m.ALG)
		}
		k.algorithms = []string{m.ALG.String()}
	}
	return k, nil
}

// algorithms are those that a key can be used with (RFC 7518, section 3.1, and RFC 8037).
func algorithms(public crypto.PublicKey) ([]string, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSA || bits > maxRSA {
			return nil, fmt.Errorf("it has %d bits, want %d to %d", bits, minRSA, maxRSA)
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
	return nil, errors.New("it is of no kind that signs")
}
