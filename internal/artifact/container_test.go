package artifact_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

func container(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := artifact.Container{
		Name: "shop", Base: "example.com/base@sha256:1234", Architectures: []string{"amd64", "arm64"},
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
		"FROM":   "example.com/base@sha256:1234",
		"ARG":    "TARGETARCH",
		"COPY":   "--chmod=0755 linux/${TARGETARCH}/server /server",
		"ENV":    "HOST=0.0.0.0 PORT=8080",
		"EXPOSE": "8080",
		"USER":   "65532:65532",
	}, instructions)
	assert.Contains(t, string(container(t)["Dockerfile"]), "--platform linux/amd64,linux/arm64 -t shop dist\n")
}

// decode decodes the documents of a manifest into resources, by the types of
// the Kubernetes API. A field that the API does not have is an error.
func decode(t *testing.T, manifest []byte, resources ...metav1.Object) {
	t.Helper()
	documents := bytes.Split(manifest, []byte("\n---\n"))
	require.Len(t, documents, len(resources))
	for i, resource := range resources {
		require.NoError(t, yaml.UnmarshalStrict(documents[i], resource))
		assert.Equal(t, "shop", resource.GetName())
		assert.Empty(t, validation.IsDNS1035Label(resource.GetName()))
	}
}

// drain is the default of the server's flag -drain, in seconds.
const drain = 30

func TestKubernetes(t *testing.T) {
	var deployment appsv1.Deployment
	var service corev1.Service
	var budget policyv1.PodDisruptionBudget
	decode(t, container(t)["kubernetes.yaml"], &deployment, &service, &budget)
	assert.Equal(t, metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, deployment.TypeMeta)
	assert.Equal(t, metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, service.TypeMeta)
	assert.Equal(t, metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}, budget.TypeMeta)
	labels := map[string]string{"app.kubernetes.io/name": "shop"}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	assert.Equal(t, selector, deployment.Spec.Selector)
	assert.Equal(t, labels, deployment.Spec.Template.Labels)
	assert.Equal(t, labels, service.Spec.Selector)

	// A node can be drained, but not of the last pod.
	assert.Equal(t, selector, budget.Spec.Selector)
	assert.Equal(t, intstr.FromInt32(1), *budget.Spec.MaxUnavailable)
	assert.Nil(t, budget.Spec.MinAvailable)
	assert.Greater(t, *deployment.Spec.Replicas, budget.Spec.MaxUnavailable.IntVal)

	pod := deployment.Spec.Template.Spec
	require.Len(t, pod.TopologySpreadConstraints, 2)
	for i, key := range []string{"kubernetes.io/hostname", "topology.kubernetes.io/zone"} {
		assert.Equal(t, corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: selector,
		}, pod.TopologySpreadConstraints[i])
	}
	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]
	checkPod(t, pod)
	assert.True(t, *pod.SecurityContext.RunAsNonRoot)
	assert.EqualValues(t, 65532, *pod.SecurityContext.RunAsUser)
	assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
	assert.Equal(t, "http", c.Ports[0].Name)
	assert.Equal(t, intstr.FromString("http"), c.ReadinessProbe.HTTPGet.Port)
	assert.Equal(t, intstr.FromString("http"), service.Spec.Ports[0].TargetPort)
	// The image has no shell to sleep with.
	assert.Nil(t, c.Lifecycle.PreStop.Exec)
	assert.Greater(t, *pod.TerminationGracePeriodSeconds, drain+c.Lifecycle.PreStop.Sleep.Seconds)
	// Variables of env override those of envFrom.
	assert.Equal(t, []corev1.EnvVar{{Name: "HOST", Value: "0.0.0.0"}, {Name: "PORT", Value: "8080"}}, c.Env)
}

func TestIngress(t *testing.T) {
	var service corev1.Service
	decode(t, container(t)["kubernetes.yaml"], &appsv1.Deployment{}, &service, &policyv1.PodDisruptionBudget{})
	var ingress networkingv1.Ingress
	decode(t, container(t)["ingress.yaml"], &ingress)
	assert.Equal(t, metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"}, ingress.TypeMeta)
	require.Len(t, ingress.Spec.Rules, 1)
	paths := ingress.Spec.Rules[0].HTTP.Paths
	require.Len(t, paths, 1)
	assert.Equal(t, "/divide", paths[0].Path)
	assert.Equal(t, networkingv1.PathTypePrefix, *paths[0].PathType)
	assert.Equal(t, service.Name, paths[0].Backend.Service.Name)
	assert.Equal(t, service.Spec.Ports[0].Name, paths[0].Backend.Service.Port.Name)

	// An Ingress without paths is invalid.
	files, err := artifact.Container{Name: "shop", Functions: []project.Function{{Kind: generator.KindQueue}}}.Files()
	require.NoError(t, err)
	assert.NotContains(t, files, "ingress.yaml")
}

// A knativeService has the fields of a Service of Knative that the template
// uses.
type knativeService struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Template struct {
			Spec struct {
				corev1.PodSpec `json:",inline"`
				TimeoutSeconds int64 `json:"timeoutSeconds"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

func TestKnative(t *testing.T) {
	var service knativeService
	decode(t, container(t)["knative.yaml"], &service)
	assert.Equal(t, metav1.TypeMeta{APIVersion: "serving.knative.dev/v1", Kind: "Service"}, service.TypeMeta)
	pod := service.Spec.Template.Spec
	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]
	checkPod(t, pod.PodSpec)
	assert.True(t, *c.SecurityContext.RunAsNonRoot)
	assert.EqualValues(t, 65532, *c.SecurityContext.RunAsUser)
	assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, c.SecurityContext.SeccompProfile.Type)
	assert.Greater(t, pod.TimeoutSeconds, int64(drain))
	// Knative rejects these.
	assert.Nil(t, pod.TerminationGracePeriodSeconds)
	assert.Nil(t, c.Lifecycle)
	assert.Equal(t, []corev1.EnvVar{{Name: "HOST", Value: "0.0.0.0"}}, c.Env, "Knative sets PORT")
}

// checkPod checks what both have in common.
func checkPod(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	c := pod.Containers[0]
	assert.Equal(t, "shop:latest", c.Image)
	require.NotNil(t, c.SecurityContext.AllowPrivilegeEscalation)
	assert.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	assert.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
	assert.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
	assert.EqualValues(t, 8080, c.Ports[0].ContainerPort)
	assert.Equal(t, "/healthz", c.ReadinessProbe.HTTPGet.Path)
	assert.False(t, c.Resources.Requests.Cpu().IsZero())
	assert.False(t, c.Resources.Limits.Memory().IsZero())
	assert.Equal(t, "shop", c.EnvFrom[0].SecretRef.Name)
	assert.True(t, *c.EnvFrom[0].SecretRef.Optional)
	assert.Equal(t, c.VolumeMounts[0].Name, pod.Volumes[0].Name)
	assert.Equal(t, "/tmp", c.VolumeMounts[0].MountPath)
}
