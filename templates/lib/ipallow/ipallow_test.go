package ipallow_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/ipallow"
)

func requestFrom(address string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		Path: "/orders",
		RequestContext: events.APIGatewayProxyRequestContext{
			Identity: events.APIGatewayRequestIdentity{SourceIP: address},
		},
	}
}

func handle(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return fn.JSON(http.StatusOK, "in")
}

func captureLog(tb testing.TB) *bytes.Buffer {
	var buffer bytes.Buffer
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault also redirects package log
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(slog.NewTextHandler(&buffer, nil)))
	return &buffer
}

func TestRequire(t *testing.T) {
	tests := []struct {
		list, allowed, denied string // separated by spaces
	}{
		{"203.0.113.7", "203.0.113.7 ::ffff:203.0.113.7 203.0.113.7:8080", "203.0.113.6 203.0.113.8 ::203.0.113.7"},
		{"203.0.113.7/32", "203.0.113.7", "203.0.113.6"},
		{"10.0.0.0/8", "10.0.0.0 10.255.255.255 ::ffff:10.1.2.3", "9.255.255.255 11.0.0.0 ::1"},
		{"10.0.0.0/8 10.1.0.0/16 10.2.0.0/16 10.2.3.4", "10.0.0.1 10.1.0.1 10.2.3.4 10.3.0.0", "11.0.0.0"},
		{"10.0.0.0/9 10.128.0.0/9", "10.0.0.0 10.127.255.255 10.128.0.0 10.255.255.255", "11.0.0.0 9.255.255.255"},
		{
			"2001:db8::/32",
			"2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff [2001:db8::1]:443 [2001:db8::1]",
			"2001:db7:ffff:: 2001:db9:: 32.1.13.184",
		},
		{"::1", "::1 0:0:0:0:0:0:0:1", "::2 :: 127.0.0.1"},
		{"fe80::/10", "fe80::1%eth0 fe80::1", "fec0::"},
		{"::ffff:10.0.0.1", "10.0.0.1 ::ffff:10.0.0.1", "10.0.0.2"},
		{"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0 ::10.9.9.9"},
		{"0.0.0.0/0", "0.0.0.0 255.255.255.255 ::ffff:1.2.3.4", "::1"},
		{"::/0", ":: ::1 2001:db8::1", "1.2.3.4 ::ffff:1.2.3.4"},
		{
			"192.0.2.1 2001:db8::1 198.51.100.0/24 192.0.2.1",
			"192.0.2.1 2001:db8::1 198.51.100.99",
			"192.0.2.2 2001:db8::2 198.51.101.0",
		},
		// Not IP addresses.
		{
			"0.0.0.0/0 ::/0", "1.2.3.4 ::1", "localhost 1.2.3 1.2.3.4.5 1.2.3.04 01.2.3.4 1.2.3.4/32 test-invoke-source-ip ,",
		},
	}
	captured := captureLog(t)
	for _, tt := range tests {
		handler := fn.Chain(handle, ipallow.Require(strings.Fields(tt.list)...))
		for _, address := range strings.Fields(tt.allowed) {
			response, err := handler(t.Context(), requestFrom(address))
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, response.StatusCode, "%s is on %s", address, tt.list)
		}
		require.Empty(t, captured.String())
		for _, address := range append(strings.Fields(tt.denied), "", " ") {
			response, err := handler(t.Context(), requestFrom(address))
			require.NoError(t, err)
			assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "%s is not on %s", address, tt.list)
			assert.JSONEq(t, `{"message":"Unauthorized"}`, response.Body)
			assert.Contains(t, captured.String(), `msg="client IP address not allowed" path=/orders reason="ipallow: `)
			captured.Reset()
		}
	}
}

func TestZeroListAllowsNothing(t *testing.T) {
	for _, address := range []string{"1.2.3.4", "::1", ""} {
		response, err := fn.Chain(handle, ipallow.Allow(ipallow.Source{}, ipallow.List{}))(t.Context(), requestFrom(address))
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	}
}

func TestInvalidLists(t *testing.T) {
	for entry, want := range map[string]string{
		"":                    `"" is not an IP address, such as 203.0.113.7 or 2001:db8::1`,
		" 10.0.0.1":           `" 10.0.0.1" is not an IP address, such as 203.0.113.7 or 2001:db8::1`,
		"10.0.0.1,10.0.0.2":   `is not an IP address`,
		"10.0.0.256":          `is not an IP address`,
		"10.0.0":              `is not an IP address`,
		"010.0.0.1":           `is not an IP address`,
		"example.com":         `is not an IP address`,
		"10.0.0.1:80":         `is not an IP address`,
		"[::1]":               `is not an IP address`,
		"fe80::1%eth0":        `"fe80::1%eth0" has a zone`,
		"10.0.0.0/33":         `"10.0.0.0/33" is not a CIDR, such as 10.0.0.0/8 or 2001:db8::/32`,
		"10.0.0.0/":           `is not a CIDR`,
		"10.0.0.0/-1":         `is not a CIDR`,
		"10.0.0.0/08":         `is not a CIDR`,
		"/8":                  `is not a CIDR`,
		"fe80::%eth0/64":      `is not a CIDR`,
		"2001:db8::/129":      `is not a CIDR`,
		"10.1.2.3/8":          `"10.1.2.3/8" has host bits set, want 10.0.0.0/8`,
		"2001:db8::1/32":      `has host bits set, want 2001:db8::/32`,
		"::ffff:10.1.0.0/104": `has host bits set, want 10.0.0.0/8`,
		"::ffff:0:0/95":       `covers more than the IPv4-mapped addresses`,
	} {
		_, err := ipallow.Parse("192.0.2.1", entry)
		require.Error(t, err, entry)
		assert.Contains(t, err.Error(), want)
		assert.PanicsWithValue(t, err.Error(), func() { ipallow.Require("192.0.2.1", entry) })
	}
	_, err := ipallow.Parse()
	assert.EqualError(t, err, "ipallow: the list is empty")
	assert.Panics(t, func() { ipallow.Require() })
}

// A client can send any header. Only the entries that a listed proxy wrote are
// trusted.
func TestSource(t *testing.T) {
	source := ipallow.Source{Proxies: ipallow.MustParse("10.0.0.0/8", "2001:db8::/32")}
	client := ipallow.Source{Proxies: source.Proxies, Header: "client-ip"}
	type headers = map[string][]string
	forwarded := func(lines ...string) headers { return headers{"X-Forwarded-For": lines} }
	const notIP = "ipallow: entry in X-Forwarded-For is not an IP address"
	tests := map[string]struct {
		source  ipallow.Source
		peer    string
		headers headers
		want    string // the address or the error
	}{
		"no header":        {source, "192.0.2.1", nil, "192.0.2.1"},
		"not from a proxy": {source, "192.0.2.1", forwarded("203.0.113.7"), "192.0.2.1"},
		"no proxies":       {ipallow.Source{}, "10.0.0.1", forwarded("203.0.113.7"), "10.0.0.1"},
		"no proxies, client-ip": {
			ipallow.Source{Header: "client-ip"}, "10.0.0.1", headers{"client-ip": {"203.0.113.7"}}, "10.0.0.1",
		},
		"from a proxy": {source, "10.0.0.1", forwarded("203.0.113.7"), "203.0.113.7"},
		"lower case":   {source, "10.0.0.1", headers{"x-forwarded-for": {"203.0.113.7"}}, "203.0.113.7"},
		"another header": {
			client, "10.0.0.1", headers{"Client-IP": {"203.0.113.7"}, "X-Forwarded-For": {"192.0.2.9"}}, "203.0.113.7",
		},
		"IPv4-mapped":             {source, "::ffff:10.0.0.1", forwarded("::ffff:203.0.113.7"), "203.0.113.7"},
		"IPv6":                    {source, "2001:db8::1", forwarded("2a00::7"), "2a00::7"},
		"IPv6 with port":          {source, "2001:db8::1", forwarded("[2a00::7]:1234"), "2a00::7"},
		"IPv4 with port":          {source, "10.0.0.1", forwarded("203.0.113.7:1234"), "203.0.113.7"},
		"forged entry":            {source, "10.0.0.1", forwarded("198.51.100.1, 203.0.113.7"), "203.0.113.7"},
		"forged entry of a proxy": {source, "10.0.0.1", forwarded("10.0.0.9, 203.0.113.7"), "203.0.113.7"},
		"forged line":             {source, "10.0.0.1", forwarded("198.51.100.1", "203.0.113.7"), "203.0.113.7"},
		"forged garbage":          {source, "10.0.0.1", forwarded("\x00,,;'--, 203.0.113.7"), "203.0.113.7"},
		"through two proxies":     {source, "10.0.0.1", forwarded("203.0.113.7,10.0.0.2"), "203.0.113.7"},
		"two proxies, two lines": {
			source, "10.0.0.1", forwarded("198.51.100.1", "203.0.113.7", "10.0.0.2,10.0.0.3"), "203.0.113.7",
		},
		"request from a proxy":     {source, "10.0.0.1", forwarded("10.0.0.2"), "10.0.0.2"},
		"proxy without the header": {source, "10.0.0.1", nil, "ipallow: proxy 10.0.0.1 did not send X-Forwarded-For"},
		"empty header":             {source, "10.0.0.1", forwarded(""), notIP},
		"trailing comma":           {source, "10.0.0.1", forwarded("203.0.113.7,"), notIP},
		"not an address":           {source, "10.0.0.1", forwarded("unknown"), notIP},
		"proxy of unknown client":  {source, "10.0.0.1", forwarded("203.0.113.7, unknown, 10.0.0.2"), notIP},
		"line break":               {source, "10.0.0.1", forwarded("203.0.113.7\n"), notIP},
		"two spellings": {
			source, "10.0.0.1",
			headers{"X-Forwarded-For": {"203.0.113.7"}, "x-forwarded-for": {"198.51.100.1"}},
			"ipallow: event has X-Forwarded-For in more than one spelling",
		},
		"no source IP": {
			source, "", forwarded("203.0.113.7"), "ipallow: requestContext.identity.sourceIp is empty",
		},
		"Unix socket": {
			source, "@", forwarded("203.0.113.7"), "ipallow: requestContext.identity.sourceIp is not an IP address",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			event := requestFrom(tt.peer)
			event.MultiValueHeaders = tt.headers
			check := func() {
				addr, err := tt.source.Addr(event)
				if err != nil {
					assert.EqualError(t, err, tt.want)
					return
				}
				assert.Equal(t, tt.want, addr.String())
			}
			check()

			// The same event with single values.
			event.MultiValueHeaders, event.Headers = nil, map[string]string{}
			for key, values := range tt.headers {
				event.Headers[key] = strings.Join(values, ",")
			}
			check()
		})
	}
}

// Behind a proxy, the list applies to the addresses that the proxy reports.
func TestAllowBehindProxy(t *testing.T) {
	captureLog(t)
	source := ipallow.Source{Proxies: ipallow.MustParse("10.0.0.1")}
	handler := fn.Chain(handle, ipallow.Allow(source, ipallow.MustParse("203.0.113.7")))
	for forwarded, want := range map[string]int{
		"203.0.113.7":              http.StatusOK,
		"203.0.113.7, 192.0.2.1":   http.StatusUnauthorized,
		"192.0.2.1":                http.StatusUnauthorized,
		"10.0.0.1":                 http.StatusUnauthorized,
		"":                         http.StatusUnauthorized,
		"192.0.2.1,203.0.113.7":    http.StatusOK,
		"203.0.113.7\r\nX-Evil: 1": http.StatusUnauthorized,
	} {
		event := requestFrom("10.0.0.1")
		event.Headers = map[string]string{"X-Forwarded-For": forwarded}
		response, err := handler(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, want, response.StatusCode, forwarded)
		event.RequestContext.Identity.SourceIP = "203.0.113.8"
		response, err = handler(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "accepted the header from a client")
	}
}

// A proxy that does not report its client does not lend it its own address.
func TestAllowProxyWithoutClient(t *testing.T) {
	captureLog(t)
	proxies := ipallow.MustParse("10.0.0.0/8")
	handler := fn.Chain(handle, ipallow.Allow(ipallow.Source{Proxies: proxies}, proxies))
	for name, tt := range map[string]struct {
		sourceIP string
		headers  map[string][]string
		want     int
	}{
		"client on the list": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"10.2.3.4"}}, http.StatusOK},
		"no header":          {"10.0.0.1", nil, http.StatusUnauthorized},
		"no values":          {"10.0.0.1", map[string][]string{"X-Forwarded-For": {}}, http.StatusUnauthorized},
		"empty":              {"10.0.0.1", map[string][]string{"X-Forwarded-For": {""}}, http.StatusUnauthorized},
		"unknown":            {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"unknown"}}, http.StatusUnauthorized},
		"unknown, proxy":     {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"unknown, 10.2.3.4"}}, http.StatusUnauthorized},
		"no source IP":       {"", map[string][]string{"X-Forwarded-For": {"10.2.3.4"}}, http.StatusUnauthorized},
	} {
		event := requestFrom(tt.sourceIP)
		event.MultiValueHeaders = tt.headers
		response, err := handler(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, tt.want, response.StatusCode, name)
	}
}

// FuzzParse checks that a list contains an address if one of its entries does.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"10.0.0.0/8 10.1.0.0/16|10.2.0.0", "::/0 0.0.0.0/0|1.2.3.4", "::ffff:10.0.0.0/104|10.0.0.1",
		"203.0.113.7|::ffff:203.0.113.7",
		"10.1.2.3/8|10.1.2.3", "fe80::1%a|fe80::1", "2001:db8::/32 2001:db8:1::/48|2001:db8:2::", "|", "/|0",
	} {
		list, addr, _ := strings.Cut(seed, "|")
		f.Add(list, addr)
	}
	f.Fuzz(func(t *testing.T, list, text string) {
		entries := strings.Fields(list)
		parsed, err := ipallow.Parse(entries...)
		if err != nil {
			assert.Panics(t, func() { ipallow.MustParse(entries...) })
			return
		}
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return
		}
		want := false
		for _, entry := range entries {
			one, err := ipallow.Parse(entry)
			require.NoError(t, err)
			want = want || one.Contains(addr)
			if prefix, err := netip.ParsePrefix(entry); err == nil && !prefix.Addr().Is4In6() {
				require.Equal(t, prefix.Contains(addr.Unmap()), one.Contains(addr), entry)
			}
		}
		require.Equal(t, want, parsed.Contains(addr))
	})
}

// FuzzSource checks that a client cannot forge its address.
func FuzzSource(f *testing.F) {
	f.Add("", "10.0.0.2")
	f.Add("203.0.113.7", "")
	f.Add("10.0.0.1,\x00", "192.0.2.1")
	f.Add(",,,", "[::1]:80")
	source := ipallow.Source{Proxies: ipallow.MustParse("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, forged, second string) {
		event := requestFrom("10.0.0.1")
		event.MultiValueHeaders = map[string][]string{"X-Forwarded-For": {forged, second, forged + ", 203.0.113.7,10.0.0.3"}}
		addr, err := source.Addr(event)
		require.NoError(t, err)
		require.Equal(t, "203.0.113.7", addr.String())

		event = requestFrom("192.0.2.1")
		event.Headers = map[string]string{"X-Forwarded-For": forged, "client-ip": second}
		addr, err = source.Addr(event)
		require.NoError(t, err)
		require.Equal(t, "192.0.2.1", addr.String())

		event = requestFrom(forged)
		if addr, err := source.Addr(event); err == nil {
			require.True(t, addr.IsValid())
			require.Empty(t, addr.Zone())
			require.False(t, addr.Is4In6())
		}
	})
}

func ExampleRequire() {
	handle := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "welcome")
	}
	var handler = fn.Chain(handle, ipallow.Require("203.0.113.7", "10.0.0.0/8"))

	response, _ := handler(context.Background(), requestFrom("10.1.2.3"))
	fmt.Println(response.StatusCode)
	// Output: 200
}

func ExampleSource() {
	// A CDN in front of API Gateway, which sets client-ip in every request.
	cdn := ipallow.Source{Proxies: ipallow.MustParse("198.51.100.0/24"), Header: "client-ip"}

	event := requestFrom("198.51.100.3")
	event.Headers = map[string]string{"client-ip": "203.0.113.7"}
	fmt.Println(cdn.Addr(event))
	// Output: 203.0.113.7 <nil>
}

// BenchmarkContains shows that the cost hardly grows with the list.
func BenchmarkContains(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 10_000} {
		var list []string
		for range size {
			list = append(list, fmt.Sprintf("%d.%d.%d.0/24", random.IntN(200), random.IntN(256), random.IntN(256)))
		}
		parsed, addr := ipallow.MustParse(list...), netip.MustParseAddr("255.0.0.1")
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				parsed.Contains(addr)
			}
		})
	}
}
