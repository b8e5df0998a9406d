use std::path::Path;
use std::sync::Arc;

use desk::{Desk, DeskError, KeyFrom, Lead, ServerTools, Servers};
use gate::Rule;
use knowledge::{Article, FailureMode};
use model::{BlueprintVersion, CallId, CaseId, CaseSummary, ToolSpec};

use crate::models::*;
use crate::requests::*;
use crate::router::{Commands, WireError};
use crate::rows::*;
use crate::trials::{self, *};
use crate::workbench::Workbench;

type Answer<T> = Result<T, WireError>;

impl From<DeskError> for WireError {
    fn from(error: DeskError) -> Self {
        WireError { code: error.code.into(), title: error.what, hint: error.hint }
    }
}

/// Runs something that reads a history on a thread where it may block.
async fn read<T: Send + 'static>(
    desk: &Arc<Desk>,
    act: impl FnOnce(&Arc<Desk>) -> Result<T, DeskError> + Send + 'static,
) -> Answer<T> {
    let desk = Arc::clone(desk);
    match tokio::task::spawn_blocking(move || act(&desk)).await {
        Ok(answer) => Ok(answer?),
        Err(error) => Err(WireError {
            code: "failed".into(),
            title: "The program could not finish this.".into(),
            hint: format!("It is written in the log; please report it. ({error})"),
        }),
    }
}

impl Commands for Workbench {
    async fn about(&self, _: Nothing) -> Answer<About> {
        Ok(self.desk.about())
    }

    async fn window_shown(&self, request: WindowShown) -> Answer<Nothing> {
        let WindowShown { painted_at, usable_at } = request;
        tracing::info!(painted_at = painted_at.0, usable_at = usable_at.0, "the window can be used");
        Ok(Nothing {})
    }

    async fn clusters_list(&self, _: Nothing) -> Answer<Vec<ClusterRow>> {
        Ok(self.desk.clusters())
    }

    async fn clusters_rescan(&self, _: Nothing) -> Answer<Vec<ClusterRow>> {
        read(&self.desk, |desk| {
            desk.rescan();
            Ok(desk.clusters())
        })
        .await
    }

    async fn cluster_open(&self, request: OfCluster) -> Answer<ClusterRow> {
        Ok(self.desk.open_cluster(&request.cluster)?)
    }

    async fn cluster_close(&self, request: OfCluster) -> Answer<ClusterRow> {
        Ok(self.desk.close_cluster(&request.cluster).await?)
    }

    async fn cluster_renew(&self, request: OfCluster) -> Answer<ClusterRow> {
        Ok(self.desk.renew_cluster(&request.cluster).await?)
    }

    async fn cluster_kinds(&self, request: OfCluster) -> Answer<KindsView> {
        Ok(self.desk.kinds(&request.cluster).await?)
    }

    async fn cluster_watch_kind(&self, request: WatchKind) -> Answer<ClusterRow> {
        Ok(self.desk.watch_kind(&request.cluster, &request.kind).await?)
    }

    async fn cluster_settings_put(&self, request: PutClusterSettings) -> Answer<ClusterRow> {
        Ok(self.desk.set_cluster(&request.cluster, request.settings).await?)
    }

    async fn clusters_search(&self, request: SearchText) -> Answer<Vec<ClusterRow>> {
        Ok(self.desk.search_clusters(&request.text))
    }

    async fn sources_list(&self, _: Nothing) -> Answer<Vec<SourceRow>> {
        read(&self.desk, |desk| Ok(desk.sources())).await
    }

    async fn source_add(&self, request: AddSource) -> Answer<Vec<SourceRow>> {
        let AddSource { kind, name, text } = request;
        read(&self.desk, move |desk| desk.add_source(kind, &name, text.as_deref())).await
    }

    async fn source_remove(&self, request: OfSource) -> Answer<Vec<SourceRow>> {
        read(&self.desk, move |desk| desk.remove_source(request.kind, &request.name)).await
    }

    async fn trust_list(&self, _: Nothing) -> Answer<Vec<ExecRow>> {
        Ok(self.desk.trust_list())
    }

    async fn trust_decide(&self, request: DecideTrust) -> Answer<Vec<ExecRow>> {
        let DecideTrust { digest, trust } = request;
        let decided = read(&self.desk, move |desk| desk.decide_trust(&digest, trust)).await?;
        self.desk.go_on_with_logins().await;
        Ok(decided)
    }

    async fn cluster_state(&self, request: OfCluster) -> Answer<ClusterState> {
        Ok(self.desk.cluster(&request.cluster)?.state)
    }

    async fn back_ends_list(&self, request: OfCluster) -> Answer<Vec<BackEndRow>> {
        Ok(self.desk.back_ends(&request.cluster).await?)
    }

    async fn back_end_put(&self, request: PutBackEnd) -> Answer<Vec<BackEndRow>> {
        let PutBackEnd { cluster, kind, at, headers, secrets } = request;
        Ok(self.desk.put_back_end(&cluster, kind, at, headers, &secrets).await?)
    }

    async fn back_end_remove(&self, request: OfBackEnd) -> Answer<Vec<BackEndRow>> {
        Ok(self.desk.remove_back_end(&request.cluster, request.kind).await?)
    }

    async fn back_end_try(&self, request: OfBackEnd) -> Answer<Vec<BackEndRow>> {
        Ok(self.desk.try_back_end(&request.cluster, request.kind).await?)
    }

    async fn follows_list(&self, request: OfCluster) -> Answer<Vec<FollowRow>> {
        Ok(self.desk.follows(&request.cluster)?)
    }

    async fn follow_read(&self, request: ReadFollow) -> Answer<FollowLines> {
        Ok(self.desk.followed_lines(&request.cluster, request.id, request.after)?)
    }

    async fn follow_stop(&self, request: OfFollow) -> Answer<Vec<FollowRow>> {
        Ok(self.desk.stop_following(&request.cluster, request.id)?)
    }

    async fn histories_get(&self, _: Nothing) -> Answer<HistoriesView> {
        read(&self.desk, |desk| desk.histories()).await
    }

    async fn histories_keep(&self, request: Keeping) -> Answer<HistoriesView> {
        read(&self.desk, move |desk| {
            desk.set_keeping(request)?;
            desk.histories()
        })
        .await
    }

    async fn history_forget(&self, request: ForgetHistory) -> Answer<HistoriesView> {
        read(&self.desk, move |desk| {
            desk.forget_history(&request.cluster, request.what)?;
            desk.histories()
        })
        .await
    }

    async fn path_open(&self, request: OfPath) -> Answer<ClusterRow> {
        read(&self.desk, move |desk| {
            let opened = desk.open_path(Path::new(request.path.trim()))?;
            desk.cluster(&opened.cluster)
        })
        .await
    }

    async fn triage_get(&self, request: ClusterAt) -> Answer<TriageView> {
        read(&self.desk, move |desk| desk.triage(&request.cluster, moment(request.at, request.known))).await
    }

    async fn incidents_arrange(&self, request: ArrangeIncidents) -> Answer<Arranged> {
        read(&self.desk, move |desk| desk.arrange(&request.cluster, &request.incidents, request.act, &request.signals))
            .await
    }

    async fn incidents_take_back(&self, request: TakeBack) -> Answer<Nothing> {
        read(&self.desk, move |desk| desk.take_back(&request.cluster, &request.id)).await?;
        Ok(Nothing {})
    }

    async fn timeline_get(&self, request: TimelineOf) -> Answer<Timeline> {
        read(&self.desk, move |desk| desk.timeline(&request.cluster, &request.objects)).await
    }

    async fn graph_get(&self, request: GraphOf) -> Answer<GraphView> {
        read(&self.desk, move |desk| {
            let at = moment(request.at, request.known);
            desk.graph(&request.cluster, &request.objects, at, request.hops, request.most as usize)
        })
        .await
    }

    async fn objects_search(&self, request: SearchObjects) -> Answer<Vec<ObjectHit>> {
        read(&self.desk, move |desk| desk.search_objects(&request.text, request.most as usize)).await
    }

    async fn object_get(&self, request: ObjectAt) -> Answer<ObjectView> {
        read(&self.desk, move |desk| desk.object(&request.cluster, &request.object, moment(request.at, request.known)))
            .await
    }

    async fn observation_get(&self, request: ObservationOf) -> Answer<ObservationView> {
        read(&self.desk, move |desk| desk.observation(&request.cluster, &request.id)).await
    }

    async fn cases_list(&self, _: Nothing) -> Answer<Vec<CaseSummary>> {
        read(&self.desk, |desk| desk.cases()).await
    }

    async fn case_open(&self, request: OpenCase) -> Answer<CaseId> {
        let question = request.question.filter(|question| !question.trim().is_empty());
        read(&self.desk, move |desk| {
            let about = match request.incidents.as_slice() {
                [] => desk::About::All,
                ids => desk::About::These(ids),
            };
            desk.open_case(&request.cluster, &about, question)
        })
        .await
    }

    async fn case_get(&self, request: OfCase) -> Answer<CaseView> {
        read(&self.desk, move |desk| desk.case(request.case)).await
    }

    async fn investigation_start(&self, request: StartInvestigation) -> Answer<Nothing> {
        let (investigator, budget) = (request.investigator, request.budget);
        let lead = Lead { investigator, budget, show_first: true, ..Lead::default() };
        // A key may have to be asked of the keyring, which waits for a person.
        read(&self.desk, move |desk| desk.start_investigation(request.case, lead)).await?;
        Ok(Nothing {})
    }

    async fn investigation_stop(&self, request: OfCase) -> Answer<Nothing> {
        self.desk.stop_investigation(request.case)?;
        Ok(Nothing {})
    }

    async fn investigation_send(&self, request: OfCase) -> Answer<Nothing> {
        self.desk.send(request.case)?;
        Ok(Nothing {})
    }

    async fn case_leaves(&self, request: OfCase) -> Answer<Leaves> {
        Ok(self.desk.leaves(request.case))
    }

    async fn case_fork(&self, request: ForkCase) -> Answer<CaseId> {
        read(&self.desk, move |desk| desk.fork_case(request.case, request.at)).await
    }

    async fn cases_compare(&self, request: CompareCases) -> Answer<CaseComparison> {
        read(&self.desk, move |desk| desk.compare_cases(request.one, request.other)).await
    }

    async fn call_approve(&self, request: ApproveCall) -> Answer<Nothing> {
        let (case, call) = (request.case, request.call);
        read(&self.desk, move |desk| desk.approve(request.case, request.call, &request.digest)).await?;
        self.go_on_with(case, call)
    }

    async fn calls_approve(&self, request: ApproveCalls) -> Answer<Vec<CallId>> {
        let case = request.case;
        let approved = read(&self.desk, move |desk| Ok(desk.approve_all(case, &request.calls))).await?;
        if let Some(last) = approved.last().copied() {
            self.go_on_with(case, last)?;
        }
        Ok(approved)
    }

    async fn call_edit(&self, request: EditCall) -> Answer<Nothing> {
        let (case, call) = (request.case, request.call);
        read(&self.desk, move |desk| {
            desk.edit(request.case, request.call, request.args, &request.why, request.approve)
        })
        .await?;
        self.go_on_with(case, call)
    }

    async fn call_deny(&self, request: DenyCall) -> Answer<Nothing> {
        let (case, call) = (request.case, request.call);
        read(&self.desk, move |desk| desk.deny(request.case, request.call, &request.reason)).await?;
        self.go_on_with(case, call)
    }

    async fn call_propose(&self, request: ProposeCall) -> Answer<CallId> {
        Ok(self.desk.propose(request.case, &request.tool, request.args, &request.reason).await?)
    }

    async fn call_try(&self, request: OfCall) -> Answer<Nothing> {
        self.desk.try_out(request.case, request.call).await?;
        Ok(Nothing {})
    }

    async fn call_read_back(&self, request: OfCall) -> Answer<Nothing> {
        self.desk.read_back(request.case, request.call).await?;
        Ok(Nothing {})
    }

    async fn writes_get(&self, request: OfCluster) -> Answer<WritesView> {
        Ok(self.desk.writes(&request.cluster)?)
    }

    async fn writes_set(&self, request: SetWrites) -> Answer<WritesView> {
        read(&self.desk, move |desk| {
            desk.set_writes(&request.cluster, request.enabled, request.try_first, &request.typed)
        })
        .await
    }

    async fn result_release(&self, request: ReleaseResult) -> Answer<Nothing> {
        let case = request.case;
        read(&self.desk, move |desk| {
            let edited = request.text.as_deref().map(|text| (text, request.why.as_str()));
            desk.release(request.case, request.call, edited, &request.without)
        })
        .await?;
        self.go_on(case)
    }

    async fn result_withhold(&self, request: DenyCall) -> Answer<Nothing> {
        let case = request.case;
        read(&self.desk, move |desk| desk.withhold(request.case, request.call, &request.reason)).await?;
        self.go_on(case)
    }

    async fn rule_allow(&self, request: AllowRule) -> Answer<Nothing> {
        let now = self.desk.about().now;
        let cluster = self.desk.case(request.case)?.cluster;
        // A rule without a namespace covers everything, which nobody gives by leaving a field empty.
        let namespace = match request.namespace.as_deref().map(str::trim).unwrap_or_default() {
            "" => {
                return Err(DeskError::bad_request(
                    "The call names no namespace, so the rule would cover the whole cluster.",
                    "Approve this one call, or give `*` as the namespace to mean the whole cluster.",
                )
                .into());
            }
            "*" => None,
            namespace => Some(namespace.to_owned()),
        };
        let place = namespace.as_deref().unwrap_or("the whole cluster");
        let rule = Rule {
            name: format!("reads in {place} for {} minutes", request.minutes),
            tools: request.tools,
            cluster: Some(cluster),
            namespaces: namespace.clone().into_iter().collect(),
            until: Some(now.plus_seconds(i64::from(request.minutes) * 60)),
            because: request.because,
            ..Rule::default()
        };
        read(&self.desk, move |desk| desk.allow(request.case, rule)).await?;
        Ok(Nothing {})
    }

    async fn policy_get(&self, _: Nothing) -> Answer<PolicyView> {
        read(&self.desk, |desk| desk.policy_view()).await
    }

    async fn rule_end(&self, request: EndRule) -> Answer<Nothing> {
        read(&self.desk, move |desk| desk.end_rule(request.case, &request.name)).await?;
        Ok(Nothing {})
    }

    async fn pseudonyms_get(&self, _: Nothing) -> Answer<Pseudonyms> {
        read(&self.desk, |desk| desk.pseudonyms()).await
    }

    async fn pseudonyms_put(&self, request: Pseudonyms) -> Answer<Pseudonyms> {
        read(&self.desk, move |desk| desk.set_pseudonyms(request)).await
    }

    async fn redaction_try(&self, request: SearchText) -> Answer<Redaction> {
        read(&self.desk, move |desk| desk.try_redaction(&request.text)).await
    }

    async fn mcp_servers_list(&self, _: Nothing) -> Answer<Servers> {
        read(&self.desk, |desk| Ok(desk.mcp_servers())).await
    }

    async fn mcp_server_look(&self, request: ShownServer) -> Answer<ServerTools> {
        Ok(self.desk.try_mcp_server(&request.name, &request.digest).await?)
    }

    async fn mcp_server_trust(&self, request: ShownServer) -> Answer<ServerTools> {
        Ok(self.desk.trust_mcp_server(&request.name, &request.digest).await?)
    }

    async fn mcp_server_decide(&self, request: DecideServer) -> Answer<Servers> {
        read(&self.desk, move |desk| {
            desk.decide_mcp_server(&request.name, request.trust)?;
            Ok(desk.mcp_servers())
        })
        .await
    }

    async fn case_note(&self, request: CaseWords) -> Answer<Nothing> {
        read(&self.desk, move |desk| desk.note(request.case, &request.text)).await?;
        Ok(Nothing {})
    }

    async fn case_say(&self, request: CaseWords) -> Answer<Nothing> {
        let case = request.case;
        read(&self.desk, move |desk| desk.say(request.case, &request.text)).await?;
        self.go_on(case)
    }

    async fn case_save(&self, request: SaveCase) -> Answer<Saved> {
        read(&self.desk, move |desk| {
            let (path, bytes) = desk.save_case(request.case, &request.path)?;
            Ok(Saved { path: path.display().to_string(), bytes })
        })
        .await
    }

    async fn case_import(&self, request: OfPath) -> Answer<CaseId> {
        read(&self.desk, move |desk| desk.import_case(Path::new(request.path.trim()))).await
    }

    async fn tools_list(&self, _: Nothing) -> Answer<Vec<ToolSpec>> {
        Ok(self.desk.tools())
    }

    async fn blueprints_list(&self, _: Nothing) -> Answer<Vec<BlueprintVersion>> {
        read(&self.desk, |desk| desk.blueprint_list()).await
    }

    async fn blueprint_put(&self, request: PutBlueprint) -> Answer<BlueprintVersion> {
        read(&self.desk, move |desk| match (request.yaml, request.blueprint) {
            (Some(yaml), _) => desk.put_blueprint_yaml(&yaml),
            (None, Some(blueprint)) => desk.put_blueprint(&blueprint),
            (None, None) => Err(DeskError::bad_request(
                "There is no blueprint in the request.",
                "Write one as YAML or fill in the form.",
            )),
        })
        .await
    }

    async fn blueprint_versions(&self, request: OfName) -> Answer<Vec<BlueprintVersion>> {
        read(&self.desk, move |desk| desk.blueprint_versions(&request.name)).await
    }

    async fn blueprints_drift(&self, request: OfCluster) -> Answer<Vec<DriftRow>> {
        read(&self.desk, move |desk| Ok(desk.blueprint_drift(&request.cluster)?.iter().map(desk::Drift::row).collect()))
            .await
    }

    async fn blueprint_retire(&self, request: OfName) -> Answer<Nothing> {
        read(&self.desk, move |desk| desk.retire_blueprint(&request.name)).await?;
        Ok(Nothing {})
    }

    async fn knowledge_list(&self, _: Nothing) -> Answer<Library> {
        let library = self.desk.library();
        let mut entries: Vec<LibraryEntry> = library.failure_modes().map(|mode| of_mode(mode)).collect();
        entries.extend(library.articles().map(|article| of_article("article", article)));
        entries.extend(library.specialists().map(|article| of_article("specialist", article)));
        Ok(Library {
            digest: library.digest().to_owned(),
            loaded_at: self.desk.about().now,
            folder: self.desk.shelf().folders().first().map(|f| f.display().to_string()).unwrap_or_default(),
            entries,
            issues: self.desk.knowledge_problems(),
        })
    }

    async fn knowledge_search(&self, request: SearchText) -> Answer<Vec<LibraryEntry>> {
        let library = self.desk.library();
        let hits = library.search(&request.text, 30);
        let entry = |id: &str| {
            library
                .failure_mode(id)
                .map(|mode| of_mode(mode))
                .or_else(|| library.articles().find(|a| a.id == id).map(|a| of_article("article", a)))
                .or_else(|| library.specialists().find(|a| a.id == id).map(|a| of_article("specialist", a)))
        };
        Ok(hits.iter().filter_map(|hit| entry(&hit.id)).collect())
    }

    async fn article_get(&self, request: OfId) -> Answer<ArticleView> {
        read(&self.desk, move |desk| desk.article(&request.id)).await
    }

    async fn article_lint(&self, request: ArticleDraft) -> Answer<Vec<knowledge::Issue>> {
        read(&self.desk, move |desk| Ok(desk.library().lint_article(&request.id, &request.text))).await
    }

    async fn article_put(&self, request: ArticleDraft) -> Answer<ArticleView> {
        read(&self.desk, move |desk| desk.put_article(&request.id, &request.text)).await
    }

    async fn scenarios_list(&self, _: Nothing) -> Answer<Vec<ScenarioRow>> {
        read(&self.desk, |desk| Ok(trials::scenarios(desk))).await
    }

    async fn scenario_play(&self, request: PlayScenario) -> Answer<ClusterRow> {
        read(&self.desk, move |desk| trials::play(desk, &request.name)).await
    }

    async fn scenario_score(&self, request: OfCase) -> Answer<Option<ScenarioVerdict>> {
        read(&self.desk, move |desk| trials::score(desk, request.case)).await
    }

    async fn evals_get(&self, _: Nothing) -> Answer<EvalsView> {
        let trials = Arc::clone(&self.trials);
        read(&self.desk, move |desk| trials.view(desk)).await
    }

    async fn evals_start(&self, request: StartEvals) -> Answer<EvalsView> {
        let trials = Arc::clone(&self.trials);
        read(&self.desk, move |desk| trials.start(desk, request)).await
    }

    async fn evals_stop(&self, _: Nothing) -> Answer<EvalsView> {
        self.trials.stop();
        self.evals_get(Nothing {}).await
    }

    async fn run_get(&self, request: OfId) -> Answer<RunView> {
        let trials = Arc::clone(&self.trials);
        read(&self.desk, move |desk| trials.run(desk, &request.id)).await
    }

    async fn run_remove(&self, request: OfId) -> Answer<EvalsView> {
        let trials = Arc::clone(&self.trials);
        read(&self.desk, move |desk| trials.remove(desk, &request.id)).await
    }

    async fn runs_compare(&self, request: TwoRuns) -> Answer<ComparedRuns> {
        let trials = Arc::clone(&self.trials);
        read(&self.desk, move |desk| trials.compare(desk, &request)).await
    }

    async fn models_list(&self, _: Nothing) -> Answer<ModelsView> {
        Ok(ModelsView::of(self.desk.models()?))
    }

    async fn model_put(&self, request: PutModel) -> Answer<ModelsView> {
        let known = self.desk.models()?.into_iter().map(|row| row.chosen).find(|c| c.endpoint.name == request.name);
        Ok(ModelsView::of(self.desk.put_model(request.chosen(known)?)?))
    }

    async fn model_remove(&self, request: OfName) -> Answer<ModelsView> {
        read(&self.desk, move |desk| desk.remove_model(&request.name).map(ModelsView::of)).await
    }

    async fn model_key_put(&self, request: PutModelKey) -> Answer<ModelsView> {
        let PutModelKey { name, key, for_now } = request;
        read(&self.desk, move |desk| match for_now {
            true => desk.put_model_key_for_now(&name, &key).map(ModelsView::of),
            false => desk.put_model_key(&name, &key).map(ModelsView::of),
        })
        .await
    }

    async fn model_key_point(&self, request: PointModelKey) -> Answer<ModelsView> {
        let from = match request.variable.trim() {
            "" => KeyFrom::Nowhere,
            variable => KeyFrom::Environment { variable: variable.to_owned() },
        };
        read(&self.desk, move |desk| desk.point_model_key(&request.name, from).map(ModelsView::of)).await
    }

    async fn model_try(&self, request: OfName) -> Answer<ModelTried> {
        Ok(self.desk.try_model(&request.name).await?.into())
    }
}

impl Workbench {
    /// A call of the engineer's own starts nobody.
    fn go_on_with(&self, case: CaseId, call: CallId) -> Answer<Nothing> {
        if self.desk.is_own(case, call)? { Ok(Nothing {}) } else { self.go_on(case) }
    }

    /// A decision after a restart finds nobody working: the investigation goes on where the case stands.
    fn go_on(&self, case: CaseId) -> Answer<Nothing> {
        self.desk.start_investigation(case, Lead { show_first: true, ..Lead::default() })?;
        Ok(Nothing {})
    }
}

fn moment(at: Option<model::Time>, known: Option<bool>) -> desk::Moment {
    desk::Moment::new(at, known == Some(true))
}

fn of_mode(mode: &FailureMode) -> LibraryEntry {
    LibraryEntry {
        kind: "failure-mode".into(),
        id: mode.id.clone(),
        title: mode.title.clone(),
        category: Some(mode.category),
        body: mode.body.clone(),
        file: format!("failure-modes/{}.md", mode.id),
    }
}

fn of_article(kind: &str, article: &Article) -> LibraryEntry {
    LibraryEntry {
        kind: kind.into(),
        id: article.id.clone(),
        title: article.title.clone(),
        category: None,
        body: article.body.clone(),
        file: article.path.clone(),
    }
}
