package generator

import "net/http"

// CallArgs returns the arguments of fngen that call the generated function, so
// that it responds as its test expects: invoke divide. A token for --bearer is
// left to the user, in a file called token.
func (s Spec) CallArgs() []string {
	args := []string{"invoke", s.Name.String()}
	if len(s.Routes) > 0 {
		route := s.Routes[0]
		if path, parameters := route.Example(); len(parameters) > 0 {
			args = append(args, "--path", path)
		}
		usual := http.MethodGet
		if s.Input != nil {
			usual = http.MethodPost
		}
		if route.Method != "" && route.Method != usual {
			args = append(args, "--method", route.Method)
		}
	}
	if s.Input != nil {
		args = append(args, "--data", s.Input.templateData().JSON)
	}
	if s.Webhook != nil {
		args = append(args, "--webhook")
	}
	if s.Auth != nil {
		args = append(args, "--bearer", "@token", "--auth-provider", "custom")
	}
	return args
}

// AnySecret reports whether any text can be the secret of the scheme, so that a
// random one will do until the sender's is known.
func (s Scheme) AnySecret() bool { return s.keys.secret == textSecret }
