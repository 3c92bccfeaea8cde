// What becomes of writes, by the field managers of kube-apiserver. Reads one JSON object a line:
// {"do": "update" or "apply", "status": bool, "live": object or null, "object": …, "manager": …, "force": bool},
// and answers {"object": …} or {"error": Status}. Its argument is a file {"gvk": …, "schema": …}.
package main

import (
	"bufio"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v4/fieldpath"
)

// oneVersion stands for a kind that has one version: it creates, defaults and converts nothing else.
type oneVersion struct{ kind schema.GroupVersionKind }

func (oneVersion) Default(runtime.Object) {}

func (oneVersion) Convert(in, out, context interface{}) error {
	return errors.New("there is one version only")
}

func (v oneVersion) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	wanted, known := target.KindForGroupVersionKinds([]schema.GroupVersionKind{v.kind})
	if !known || wanted != v.kind {
		return nil, runtime.NewNotRegisteredErrForTarget("oracle", nil, target)
	}
	return in, nil
}

func (oneVersion) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

func (oneVersion) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	object := &unstructured.Unstructured{Object: map[string]interface{}{}}
	object.SetGroupVersionKind(kind)
	return object, nil
}

// managers are those of an object and of its status.
type managers struct{ main, status *managedfields.FieldManager }

func newManagers(path string) (managers, schema.GroupVersionKind, error) {
	var source struct {
		GVK    schema.GroupVersionKind `json:"gvk"`
		Schema spec.Schema             `json:"schema"`
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return managers{}, source.GVK, err
	}
	if err := stdjson.Unmarshal(text, &source); err != nil {
		return managers{}, source.GVK, err
	}
	converter, err := managedfields.NewTypeConverter(map[string]*spec.Schema{"model": &source.Schema}, false)
	if err != nil {
		return managers{}, source.GVK, err
	}
	version := source.GVK.GroupVersion()
	one := oneVersion{source.GVK}
	make := func(subresource, reset string) (*managedfields.FieldManager, error) {
		filter := fieldpath.NewExcludeFilterSetMap(map[fieldpath.APIVersion]*fieldpath.Set{
			fieldpath.APIVersion(version.String()): fieldpath.NewSet(fieldpath.MakePathOrDie(reset))})
		return managedfields.NewDefaultCRDFieldManager(converter, one, one, one, source.GVK, version, subresource, filter)
	}
	main, err := make("", "status")
	if err != nil {
		return managers{}, source.GVK, err
	}
	status, err := make("status", "spec")
	return managers{main, status}, source.GVK, err
}

type question struct {
	Do      string                 `json:"do"`
	Status  bool                   `json:"status"`
	Live    map[string]interface{} `json:"live"`
	Object  map[string]interface{} `json:"object"`
	Manager string                 `json:"manager"`
	Force   bool                   `json:"force"`
}

func (m managers) answer(kind schema.GroupVersionKind, line []byte) (map[string]interface{}, error) {
	var raw map[string]interface{}
	if err := json.Unmarshal(line, &raw); err != nil { // The API's own: whole numbers stay whole.
		return nil, err
	}
	var asked question
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &asked); err != nil {
		return nil, fmt.Errorf("%v in %s", err, line)
	}
	manager := m.main
	if asked.Status {
		manager = m.status
	}
	live := &unstructured.Unstructured{Object: asked.Live}
	if asked.Live == nil {
		live = &unstructured.Unstructured{Object: map[string]interface{}{}}
		live.SetGroupVersionKind(kind)
	}
	object := &unstructured.Unstructured{Object: asked.Object}
	var result runtime.Object
	var err error
	if asked.Do == "apply" {
		result, err = manager.Apply(live, object, asked.Manager, asked.Force)
	} else {
		result, err = manager.Update(live, object, asked.Manager)
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return map[string]interface{}{"error": status.Status()}, nil
	}
	if err != nil {
		return map[string]interface{}{"error": map[string]interface{}{"code": 500, "message": err.Error()}}, nil
	}
	return map[string]interface{}{"object": result.(*unstructured.Unstructured).Object}, nil
}

func main() {
	all, kind, err := newManagers(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	in := bufio.NewReader(os.Stdin)
	out := stdjson.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		answer, err := all.answer(kind, line)
		if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
