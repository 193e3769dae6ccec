package artifact

import (
	"bytes"
	"fmt"
	"text/template"

	"github.com/fngen/fngen/templates"
)

// A Pipeline describes the continuous delivery of a project: tests, a build and
// a deployment. The templates of its file are executed with it.
type Pipeline struct {
	Provider string // github or gitlab
	Target   string // lambda, or container, whose image is pushed to a registry
	ECR      bool   // the registry is Amazon ECR instead of the provider's
	Name     string // of the CloudFormation stack, or of the image in Amazon ECR
	Fngen    string // the command that runs fngen
}

// Path returns where the provider expects the file, relative to the project's
// root.
func (p Pipeline) Path() string {
	if p.Provider == "gitlab" {
		return ".gitlab-ci.yml"
	}
	return ".github/workflows/ci.yml"
}

// File returns the contents of the pipeline's file.
func (p Pipeline) File() ([]byte, error) {
	// GitHub's expressions have the usual delimiters.
	parsed, err := template.New("").Delims("[[", "]]").ParseFS(templates.CI, "ci/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var text bytes.Buffer
	if err := parsed.ExecuteTemplate(&text, p.Provider+".yml.tmpl", p); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return text.Bytes(), nil
}

// AWS reports whether deployments need a role on AWS.
func (p Pipeline) AWS() bool { return p.Target == "lambda" || p.ECR }

// Build returns the command that builds what is deployed.
func (p Pipeline) Build() string {
	if p.Target == "container" {
		return p.Fngen + " build --target=container"
	}
	return p.Fngen + " build"
}

// Uses returns the reference of an action: the commit of a release, with its
// tag. Tags can be moved.
func (Pipeline) Uses(action string) (string, error) {
	pinned, ok := map[string]string{
		"actions/checkout":                      "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
		"actions/download-artifact":             "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
		"actions/setup-go":                      "b7ad1dad31e06c5925ef5d2fc7ad053ef454303e # v7.0.0",
		"actions/upload-artifact":               "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
		"aws-actions/amazon-ecr-login":          "03f1aad4c6c7ffd436567f42f9384779290529bd # v2.1.7",
		"aws-actions/configure-aws-credentials": "e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
		"aws-actions/setup-sam":                 "89ddb14d60e682855e3fea4be85b3c56485de310 # v3",
		"docker/build-push-action":              "53b7df96c91f9c12dcc8a07bcb9ccacbed38856a # v7.3.0",
		"docker/login-action":                   "4907a6ddec9925e35a0a9e82d7399ccc52663121 # v4.1.0",
		"docker/setup-buildx-action":            "37fe631027851001ddb9b187196cc803df7f5f0e # v4.3.0",
	}[action]
	if !ok {
		return "", fmt.Errorf("%s is not pinned", action)
	}
	return action + "@" + pinned, nil
}

// Image returns the reference of an image with its digest.
func (Pipeline) Image(name string) (string, error) {
	pinned, ok := map[string]string{
		"docker": "docker:29-dind@sha256:7dcdfc4a20246236f558175182ccace1eb15a41bd3eb119dd2284f393498b7c1",
		"golang": "golang:1.25@sha256:699337d620559a59b4a2bb298ad59611e535d2ee755a34cf2d2a98f37578dc80",
		"python": "python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b",
	}[name]
	if !ok {
		return "", fmt.Errorf("%s is not pinned", name)
	}
	return pinned, nil
}
