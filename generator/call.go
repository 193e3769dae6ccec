package generator

import "net/http"

// CallArgs returns the arguments of fngen that call the generated function, so
// that it responds as its test expects: invoke divide. A token for --bearer is
// left to the user, in a file called token.
func (s Spec) CallArgs() []string {
	args := []string{"invoke", s.Name.String()}
	switch s.kind() {
	case KindHTTP:
		return append(args, s.requestArgs()...)
	case KindQueue, KindSNS, KindEventBridge, KindKinesis:
		return append(args, "--data", "{}")
	case KindS3:
		return append(args, "--sample", "s3/put")
	case KindDynamoDB:
		return append(args, "--sample", "dynamodb/insert")
	}
	return args
}

// requestArgs returns the arguments of fngen invoke that describe the request.
func (s Spec) requestArgs() []string {
	var args []string
	body, method := "", http.MethodGet
	switch {
	case s.Input != nil:
		body = s.Input.templateData().JSON
	case s.Webhook != nil:
		body = s.Webhook.payload
	}
	if body != "" {
		method = http.MethodPost
	}
	if len(s.Routes) > 0 {
		route := s.Routes[0]
		if path, parameters := route.Example(); len(parameters) > 0 {
			args = append(args, "--path", path)
		}
		if route.Method != "" && route.Method != method {
			args = append(args, "--method", route.Method)
		}
	}
	if body != "" {
		args = append(args, "--data", body)
	}
	if s.Webhook != nil && s.Webhook.keys != (keys{}) {
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
