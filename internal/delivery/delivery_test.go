package delivery

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLog(t *testing.T) {
	log := NewLog(3, 4)
	assert.Equal(t, []Delivery{}, log.All(), "nil is not [] in JSON")
	for i, body := range []string{"a", "bb", "four", "fiver", ""} {
		assert.Equal(t, i+1, log.Add(Delivery{Function: "f", Body: []byte(body)}))
	}
	all := log.All()
	assert.Equal(t, []Delivery{
		{N: 3, Function: "f", Body: []byte("four")},
		{N: 4, Function: "f", Omitted: 5},
		{N: 5, Function: "f", Body: []byte{}},
	}, all)
	assert.Equal(t, 4, all[0].Size())
	assert.Equal(t, 5, all[1].Size())
}

func TestAllReturnsCopy(t *testing.T) {
	log := NewLog(1, 1)
	log.Add(Delivery{Function: "a"})
	all := log.All()
	log.Add(Delivery{Function: "b"})
	assert.Equal(t, "a", all[0].Function)
}

func TestLogConcurrentUse(t *testing.T) {
	log := NewLog(10, 10)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				log.Add(Delivery{})
				all := log.All()
				assert.LessOrEqual(t, len(all), 10)
				for i := range all[1:] {
					assert.Equal(t, all[i].N+1, all[i+1].N)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 800, log.All()[9].N)
}

func TestDeliveryJSON(t *testing.T) {
	d := Delivery{
		N: 12, Time: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Function: "x", Method: "POST", Target: "/x?y=1",
		Status: 200, Header: map[string][]string{"K": {"v"}}, Body: []byte{0xff},
	}
	data, err := json.Marshal(d)
	require.NoError(t, err)
	assert.Equal(t, `{"n":12,"time":"2026-11-24T08:00:00Z","function":"x","method":"POST","target":"/x?y=1",`+
		`"status":200,"header":{"K":["v"]},"body":"/w=="}`, string(data))
	var decoded Delivery
	require.NoError(t, json.Unmarshal(data, &decoded))
	assert.Equal(t, d, decoded)
}
