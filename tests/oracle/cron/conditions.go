package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/Knetic/govaluate"
	"github.com/argoproj/argo-workflows/v3/util/expr/argoexpr"
	"github.com/argoproj/argo-workflows/v3/util/template"
)

// CronFields is the CronWorkflow whose conditions are asked about.
type CronFields struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// Status is its state. Last: seconds ago, or none.
type Status struct {
	Failed    int64  `json:"failed"`
	Succeeded int64  `json:"succeeded"`
	Last      *int64 `json:"last"`
}

// Condition is a text and what it is.
type Condition struct {
	Text  string `json:"text"`
	Holds *bool  `json:"holds,omitempty"`
	Error string `json:"error,omitempty"`
}

// What a condition can name, as the controller has it: texts, int64, []byte, *time.Time, and maps.
func values(cron CronFields, status Status, set func(name string, value any)) {
	labels, _ := json.Marshal(&cron.Labels)
	annotations, _ := json.Marshal(&cron.Annotations)
	var last *time.Time
	if status.Last != nil {
		at := time.Now().Add(-time.Duration(*status.Last) * time.Second)
		last = &at
	}
	set("name", cron.Name)
	set("namespace", cron.Namespace)
	set("labels", cron.Labels)
	set("annotations", cron.Labels)
	set("failed", status.Failed)
	set("succeeded", status.Succeeded)
	set("labels.json", labels)
	set("annotations.json", annotations)
	set("lastScheduledTime", last)
}

func answer(text string, holds any, err error) Condition {
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return Condition{Text: text, Error: first}
	}
	found, ok := holds.(bool)
	if !ok {
		return Condition{Text: text, Error: fmt.Sprintf("is %v", holds)}
	}
	return Condition{Text: text, Holds: &found}
}

// A text with tags, filled in by the controller's templates, and then a condition without variables.
func whenHolds(cron CronFields, status Status, text string) Condition {
	known := map[string]any{}
	values(cron, status, func(name string, value any) { known["cronworkflow."+name] = value })
	filled, err := template.NewTemplate(text)
	if err != nil {
		return answer(text, nil, err)
	}
	condition, err := filled.Replace(known, false)
	if err != nil {
		return answer(text, nil, err)
	}
	expression, err := govaluate.NewEvaluableExpression(condition)
	if err != nil {
		return answer(text, nil, err)
	}
	holds, err := expression.Evaluate(nil)
	return answer(text, holds, err)
}

// One expression, in which all is within `cronworkflow`.
func stopHolds(cron CronFields, status Status, text string) Condition {
	known := map[string]any{}
	values(cron, status, func(name string, value any) { known[name] = value })
	holds, err := argoexpr.EvalBool(text, map[string]any{"cronworkflow": known})
	return answer(text, holds, err)
}
