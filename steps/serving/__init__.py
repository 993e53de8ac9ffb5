"""The model server: `seldon-core-microservice steps.serving.Predictor --service-type MODEL`.

It loads the one model that MODEL_URI, MODEL_VERSION and MODEL_DIGEST pin, and does not start with any other. A request
names its features, in any order, or the locations whose newest features are to be looked up (`steps.serving.entities`).
A wrong request is answered in one line with status 400, where Seldon's wrapper alone would answer 500 or, worse, a
number. `GET /example` returns a request to try. What it counts is on its metrics port (`steps.serving.measures`), what
it was asked and answered goes to the lake (`steps.serving.keeping`).

| variable | what |
|---|---|
| MODEL_URI, MODEL_VERSION, MODEL_DIGEST | the model |
| PROJECT, PARAMETER | its project, and what it predicts; repeated in its answers |
| MODEL_DECISION, MODEL_DATASET | the decision that deployed it, and its dataset; repeated too, if set |
| FEATURES_HOURS | how old features that are looked up may be; 0, the default: none are looked up |
| DATABASE_URL | where they are: of a user who may read the one table `online_features` |
| REQUESTS_SHARE | the share of requests that are kept, 0 to 1; by default 1 |
| REQUESTS_ROWS, REQUESTS_SECONDS | how many rows are kept at most between two writes, and the seconds between them; by default 1,000 and 60 |
"""  # noqa: E501

from steps.serving.predictor import Predictor

__all__ = ["Predictor"]
