package artifact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

func container(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := artifact.Container{
		Name: "shop", Architectures: []string{"amd64", "arm64"},
		Functions: []project.Function{{Name: "divide", Kind: generator.KindHTTP}},
	}.Files()
	require.NoError(t, err)
	return files
}

// The Dockerfile consists of known instructions, runs nothing, and copies the
// executable of the platform.
func TestDockerfile(t *testing.T) {
	instructions := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(container(t)["Dockerfile"]), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, arguments, ok := strings.Cut(line, " ")
		require.True(t, ok, line)
		require.NotContains(t, instructions, name)
		instructions[name] = arguments
	}
	var entry []string
	require.NoError(t, json.Unmarshal([]byte(instructions["ENTRYPOINT"]), &entry))
	assert.Equal(t, []string{"/server", "-healthz"}, entry)
	delete(instructions, "ENTRYPOINT")
	assert.Equal(t, map[string]string{
		"FROM":   "gcr.io/distroless/static-debian12:nonroot",
		"ARG":    "TARGETARCH",
		"COPY":   "--chmod=0755 linux/${TARGETARCH}/server /server",
		"ENV":    "HOST=0.0.0.0 PORT=8080",
		"EXPOSE": "8080",
		"USER":   "65532:65532",
	}, instructions)
	assert.Contains(t, string(container(t)["Dockerfile"]), "--platform linux/amd64,linux/arm64 -t shop .")
}

// A manifest has the fields of Kubernetes and Knative that the templates use.
// Any other field is an error.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
	Spec       struct {
		Replicas int
		Selector map[string]any
		Template struct {
			Metadata metadata
			Spec     podSpec
		}
		Ports []struct {
			Name       string
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
	}
}

type metadata struct {
	Name   string
	Labels map[string]string
}

type podSpec struct {
	AutomountServiceAccountToken  *bool           `yaml:"automountServiceAccountToken"`
	TerminationGracePeriodSeconds int             `yaml:"terminationGracePeriodSeconds"`
	TimeoutSeconds                int             `yaml:"timeoutSeconds"`
	SecurityContext               securityContext `yaml:"securityContext"`
	Containers                    []struct {
		Name    string
		Image   string
		EnvFrom []struct {
			SecretRef struct {
				Name     string
				Optional bool
			} `yaml:"secretRef"`
		} `yaml:"envFrom"`
		Ports []struct {
			Name          string
			ContainerPort int `yaml:"containerPort"`
		}
		ReadinessProbe struct {
			HTTPGet       struct{ Path, Port string } `yaml:"httpGet"`
			PeriodSeconds int                         `yaml:"periodSeconds"`
		} `yaml:"readinessProbe"`
		Lifecycle struct {
			PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
		}
		Resources       struct{ Requests, Limits map[string]string }
		SecurityContext securityContext `yaml:"securityContext"`
		VolumeMounts    []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	Volumes []struct {
		Name     string
		EmptyDir map[string]any `yaml:"emptyDir"`
	}
}

type securityContext struct {
	RunAsNonRoot             bool                    `yaml:"runAsNonRoot"`
	RunAsUser                int                     `yaml:"runAsUser"`
	RunAsGroup               int                     `yaml:"runAsGroup"`
	AllowPrivilegeEscalation *bool                   `yaml:"allowPrivilegeEscalation"`
	ReadOnlyRootFilesystem   bool                    `yaml:"readOnlyRootFilesystem"`
	Capabilities             struct{ Drop []string } `yaml:"capabilities"`
	SeccompProfile           struct{ Type string }   `yaml:"seccompProfile"`
}

func manifests(t *testing.T, text []byte) []manifest {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var all []manifest
	for {
		var m manifest
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, m)
	}
}

// drain is the default of the server's flag -drain, in seconds.
const drain = 30

func TestKubernetes(t *testing.T) {
	all := manifests(t, container(t)["kubernetes.yaml"])
	require.Len(t, all, 2)
	deployment, service := all[0], all[1]
	assert.Equal(t, "apps/v1 Deployment", deployment.APIVersion+" "+deployment.Kind)
	assert.Equal(t, "v1 Service", service.APIVersion+" "+service.Kind)
	for _, m := range all {
		assert.Equal(t, "shop", m.Metadata.Name)
	}
	labels := map[string]any{"app.kubernetes.io/name": "shop"}
	assert.Equal(t, map[string]any{"matchLabels": labels}, deployment.Spec.Selector)
	assert.Equal(t, map[string]string{"app.kubernetes.io/name": "shop"}, deployment.Spec.Template.Metadata.Labels)
	assert.Equal(t, labels, service.Spec.Selector)

	pod := deployment.Spec.Template.Spec
	checkPod(t, pod, pod.SecurityContext)
	c := pod.Containers[0]
	assert.Equal(t, "http", c.Ports[0].Name)
	assert.Equal(t, "http", c.ReadinessProbe.HTTPGet.Port)
	assert.Equal(t, "http", service.Spec.Ports[0].TargetPort)
	assert.Greater(t, pod.TerminationGracePeriodSeconds, drain+c.Lifecycle.PreStop.Sleep.Seconds)
}

func TestKnative(t *testing.T) {
	all := manifests(t, container(t)["knative.yaml"])
	require.Len(t, all, 1)
	service := all[0]
	assert.Equal(t, "serving.knative.dev/v1 Service", service.APIVersion+" "+service.Kind)
	assert.Equal(t, "shop", service.Metadata.Name)
	pod := service.Spec.Template.Spec
	require.Len(t, pod.Containers, 1)
	checkPod(t, pod, pod.Containers[0].SecurityContext)
	assert.Greater(t, pod.TimeoutSeconds, drain)
	assert.Zero(t, pod.TerminationGracePeriodSeconds) // Knative rejects it
}

// checkPod checks what both have in common. user is the security context that
// sets the user.
func checkPod(t *testing.T, pod podSpec, user securityContext) {
	t.Helper()
	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]
	assert.Equal(t, "shop:latest", c.Image)
	assert.True(t, user.RunAsNonRoot)
	assert.Equal(t, 65532, user.RunAsUser)
	assert.Equal(t, "RuntimeDefault", user.SeccompProfile.Type)
	require.NotNil(t, c.SecurityContext.AllowPrivilegeEscalation)
	assert.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	assert.True(t, c.SecurityContext.ReadOnlyRootFilesystem)
	assert.Equal(t, []string{"ALL"}, c.SecurityContext.Capabilities.Drop)
	assert.Equal(t, 8080, c.Ports[0].ContainerPort)
	assert.Equal(t, "/healthz", c.ReadinessProbe.HTTPGet.Path)
	assert.NotEmpty(t, c.Resources.Requests["cpu"])
	assert.NotEmpty(t, c.Resources.Limits["memory"])
	assert.Equal(t, "shop", c.EnvFrom[0].SecretRef.Name)
	assert.True(t, c.EnvFrom[0].SecretRef.Optional)
	assert.Equal(t, c.VolumeMounts[0].Name, pod.Volumes[0].Name)
	assert.Equal(t, "/tmp", c.VolumeMounts[0].MountPath)
}
