"""The whole build, on a small folder of facts that each test may break."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from costopt.catalog.build import build_snapshot, main
from costopt.catalog.manifest import MANIFEST_NAME, check_bytes, read_manifest
from costopt.catalog.schema import OPTIONAL_TABLES, TABLES
from costopt.catalog.snapshot import parse_table
from costopt.errors import CatalogFileError, UnknownNameError

FACTS = {
    "accelerators.csv": """\
name,vendor,architecture,memory_gib,usable_memory_gib,memory_type,memory_bandwidth_gb_s,\
fp32_tflops,tf32_tflops,fp16_tflops,bf16_tflops,fp8_tflops,int8_tops,fp4_tflops,int4_tops,\
interconnect,interconnect_gb_s,tdp_w,release_year,compute_capability,verified,aliases,source,note
T4,nvidia,turing,16,,GDDR6,320,8.1,,65,,,130,,260,pcie3,32,70,2018,7.5,yes,Tesla-T4,datasheet,
CPU-IceLake-vCPU,intel,ice-lake,,,DDR4,2.8,0.09,,,,,0.37,,,none,,,2021,,no,,derived,estimate
""",
    "models.csv": """\
name,family,kind,params_total_b,params_active_b,embedding_params_b,layers,hidden_size,ffn_size,\
attention_heads,kv_heads,head_dim,vocab_size,max_context,attention_kind,kv_lora_rank,\
qk_rope_head_dim,experts,experts_per_token,shared_experts,moe_ffn_size,dense_layers,\
tie_embeddings,gated_mlp,full_attention_layers,sliding_window,flops_per_sample,verified,source,note
openai-community/gpt2,GPT-2,decoder,0.1244,0.1244,0.039,12,768,3072,12,12,64,50257,1024,mha,,,,,,,\
,yes,no,12,,,yes,paper (2019-02-14),
""",
    "instance_types.csv": """\
provider,instance_type,family,accelerator,accelerator_count,accelerator_memory_gib,vcpus,\
memory_gib,local_nvme_gb,network_gbps,intra_node_interconnect,inter_node_fabric,arch,source
aws,g4dn.xlarge,g4dn,T4,1,16,4,16,125,5,none,none,x86_64,list (2026-08-21)
aws,c6i.xlarge,c6i,none,0,,4,8,,1.562,none,none,x86_64,list (2026-08-21)
aws,x1.odd,x1,Z9,1,16,4,16,,5,none,none,x86_64,list (2026-08-21)
gcp,n1-standard-4+nvidia-tesla-t4x1,n1+t4,T4,1,16,4,15,,,none,none,x86_64,list (2026-08-20)
""",
    "prices.csv": """\
provider,region,instance_type,purchase_option,price_per_hour,upfront,currency,as_of,source,note
aws,us-east-1,g4dn.xlarge,on_demand,0.526,,USD,2026-07-05,list,
aws,us-east-1,g4dn.xlarge,spot,0.2,,USD,2026-07-05,list,average over the zones of the region
aws,us-east-1,g4dn.xlarge,reserved_1y_all_upfront,0.309018,2707,USD,2026-07-05,list,\
standard RI; upfront derived = rate x 8760 h
aws,us-east-1,c6i.xlarge,on_demand,0.17,,USD,2026-07-05,list,
aws,us-east-1,x1.odd,on_demand,1,,USD,2026-07-05,list,
gcp,us-central1,n1-standard-4+nvidia-tesla-t4x1,on_demand,0.54,,USD,2026-02,list,
""",
    "interruption.csv": """\
provider,region,instance_type,os,interruption_bucket,savings_vs_on_demand,as_of,source
aws,us-east-1,g4dn.xlarge,linux,>20%,0.6,2025-06-28,advisor
""",
    "regions.csv": """\
provider,region,continent,country,display_name
aws,us-east-1,North America,US,Virginia
gcp,us-central1,North America,US,Iowa
""",
    "fx.csv": "base,quote,rate,as_of,source\nUSD,CNY,7.1884,2024-12-31,central parity\n",
    "traces.csv": """\
trace,input_bucket_lo,input_bucket_hi,output_bucket_lo,output_bucket_hi,share,mean_input,\
mean_output,source
short,0,100,0,100,0.75,50,60,"log (2023-11-16, 4 requests)"
short,0,100,100,,0.25,50,200,"log (2023-11-16, 4 requests)"
""",
    "arrival_profile.csv": """\
trace,interval_start_utc,interval_s,requests,requests_per_s,input_tokens_per_s,\
output_tokens_per_s,source
short,2023-11-16 18:17:00,60,63,1.05,2459.6,24.6,log
""",
    "gcp_spot_history.csv": """\
region,instance_type,as_of,spot_price_per_hour,on_demand_price_per_hour,source
us-central1,n1-standard-4+nvidia-tesla-t4x1,2024-05-30,0.2,0.54,pricing.yml
""",
    "aws_spot_history.csv": """\
region,instance_type,date,lowest_zone_spot_usd
us-east-1,g4dn.xlarge,2025-03-27,0.19
""",
    "spot_az_aws.csv": """\
provider,region,zone,instance_type,spot_price_per_hour,currency,as_of,source,note
aws,us-east-1,use1-az1,g4dn.xlarge,0.21,USD,2025-11,vms.csv,equals on-demand
""",
}


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    folder.mkdir()
    for name, text in FACTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def read_snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def table(files: dict[str, bytes], name: str) -> pd.DataFrame:
    return parse_table(TABLES[name], files[TABLES[name].file_name], "test")


def left_out(files: dict[str, bytes]) -> Iterator[tuple[str, str, str]]:
    findings = table(files, "findings")
    gone = findings[findings["severity"] == "left_out"]
    yield from zip(gone["check"], gone["table"], gone["row"], strict=True)


def test_build_writes_every_table_of_the_schema_and_a_manifest(
    facts: Path, tmp_path: Path
) -> None:
    assert main([str(facts), str(tmp_path / "out")]) == 0
    files = read_snapshot(tmp_path / "out")
    named = {table.file_name for name, table in TABLES.items() if name not in OPTIONAL_TABLES}
    assert set(files) == named | {MANIFEST_NAME}
    manifest = read_manifest(files[MANIFEST_NAME].decode())
    for name in manifest.tables:
        check_bytes(manifest, name, files[name])


def test_second_build_gives_the_same_bytes(facts: Path, tmp_path: Path) -> None:
    assert main([str(facts), str(tmp_path / "first")]) == 0
    assert main([str(facts), str(tmp_path / "second")]) == 0
    assert read_snapshot(tmp_path / "first") == read_snapshot(tmp_path / "second")


def test_tables_are_sorted_by_their_key(facts: Path) -> None:
    rows = table(dict(build_snapshot(facts).files), "offers")
    parts = rows[["provider", "region", "instance_type", "purchase_option"]].to_dict("split")
    assert parts["data"] == sorted(parts["data"])


def test_unknown_accelerator_is_left_out_with_its_offers_and_never_becomes_a_cpu_type(
    facts: Path,
) -> None:
    files = dict(build_snapshot(facts).files)
    assert "x1.odd" not in set(table(files, "instance_types")["instance_type"])
    assert ("unknown_accelerator", "instance_types", "aws/x1.odd") in set(left_out(files))
    offer = "aws/us-east-1//x1.odd/on_demand///"
    assert ("unknown_instance_type", "offers", offer) in set(left_out(files))


def test_every_row_of_facts_is_kept_or_left_out_with_a_finding(facts: Path) -> None:
    snapshot = build_snapshot(facts)
    for name, entry in snapshot.manifest.inputs.items():
        assert entry.rows == entry.kept + entry.left_out, name
    prices = snapshot.manifest.inputs["prices.csv"]
    assert (prices.rows, prices.kept, prices.left_out) == (6, 5, 1)
    counted = sum(entry.left_out for entry in snapshot.manifest.inputs.values())
    assert counted == len(list(left_out(dict(snapshot.files))))


def test_rows_that_share_a_key_are_both_left_out(facts: Path) -> None:
    again = "aws,us-east-1,g4dn.xlarge,on_demand,0.6,,USD,2026-07-05,list,\n"
    with (facts / "prices.csv").open("a", encoding="utf-8") as file:
        file.write(again)
    snapshot = build_snapshot(facts)
    files = dict(snapshot.files)
    duplicates = {row for check, _, row in left_out(files) if check == "duplicate_key"}
    key = "aws/us-east-1//g4dn.xlarge/on_demand///"
    assert duplicates == {key, f"{key}#2"}
    assert snapshot.manifest.inputs["prices.csv"].left_out == 3


@pytest.mark.parametrize(
    ("name", "old", "new", "row"),
    [
        ("instance_types.csv", "c6i,none,0,", "c6i,none,,", "aws/c6i.xlarge"),
        ("instance_types.csv", "g4dn,T4,1,", "g4dn,T4,,", "aws/g4dn.xlarge"),
        ("prices.csv", "0.309018", "", "aws/us-east-1//g4dn.xlarge/reserved//1/all"),
        ("prices.csv", "on_demand,0.17,", "on_demand,,", "aws/us-east-1//c6i.xlarge/on_demand///"),
    ],
)
def test_row_without_a_required_figure_is_left_out(
    facts: Path, name: str, old: str, new: str, row: str
) -> None:
    replace_in(facts / name, old, new)
    gone = set(left_out(dict(build_snapshot(facts).files)))
    assert row in {found for check, _, found in gone if check == "value_missing"}


def test_word_without_a_reviewed_meaning_is_left_out(facts: Path) -> None:
    replace_in(facts / "prices.csv", "g4dn.xlarge,spot,", "g4dn.xlarge,by_auction,")
    files = dict(build_snapshot(facts).files)
    row = "aws/us-east-1//g4dn.xlarge/by_auction///"
    assert ("purchase_unknown", "offers", row) in set(left_out(files))


def test_checks_add_their_name_to_the_flags_of_the_row(facts: Path) -> None:
    replace_in(facts / "prices.csv", "g4dn.xlarge,spot,0.2,", "g4dn.xlarge,spot,0.6,")
    offers = table(dict(build_snapshot(facts).files), "offers")
    spot = offers[offers["purchase_option"] == "spot"]
    assert spot["flags"].tolist() == ["zone_average;spot_above_on_demand"]


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        ("prices.csv", "0.526", "0,526", "is not a CSV table in UTF-8"),
        ("prices.csv", "0.526", "free", "line 2, column price_per_hour: 'free' is not a number"),
        ("fx.csv", "base,quote", "from,quote", "has no column base"),
        ("traces.csv", "0.25,50", "nan,50", "line 3, column share: 'nan' is not a number"),
    ],
)
def test_bad_facts_give_one_sentence_and_exit_code_two(
    facts: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    sentence: str,
) -> None:
    replace_in(facts / name, old, new)
    assert main([str(facts), str(tmp_path / "out")]) == 2
    written = capsys.readouterr()
    assert sentence in written.err
    assert written.err.count("\n") == 1
    assert written.out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["accelerators.csv", "instance_types.csv", "prices.csv"])
def test_facts_that_leave_no_offer_build_an_empty_catalogue(facts: Path, name: str) -> None:
    (facts / name).write_text(FACTS[name].split("\n", maxsplit=1)[0] + "\n", encoding="utf-8")
    snapshot = build_snapshot(facts)
    assert table(dict(snapshot.files), "offers").empty
    assert snapshot.manifest.as_of == ""


def test_missing_file_of_facts_is_named(facts: Path) -> None:
    (facts / "models.csv").unlink()
    with pytest.raises(CatalogFileError, match=r"models\.csv: cannot be read"):
        build_snapshot(facts)


def test_line_that_is_cut_short_is_left_out_for_what_it_lacks(facts: Path) -> None:
    replace_in(facts / "prices.csv", "0.17,,USD,2026-07-05,list,\n", "0.17,,USD\n")
    findings = table(dict(build_snapshot(facts).files), "findings")
    short = findings[findings["row"] == "aws/us-east-1//c6i.xlarge/on_demand///"]
    assert short["check"].tolist() == ["value_missing"]
    assert short["detail"].tolist() == ["no value for source, as_of"]


def test_provider_without_an_adapter_is_an_error(facts: Path) -> None:
    replace_in(facts / "regions.csv", "gcp,us-central1", "gpc,us-central1")
    with pytest.raises(UnknownNameError, match=r"Unknown provider 'gpc'\. Did you mean gcp"):
        build_snapshot(facts)


def test_failed_build_leaves_the_old_snapshot_untouched(facts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([str(facts), str(out)]) == 0
    before = read_snapshot(out)
    replace_in(facts / "fx.csv", "7.1884", "seven")
    assert main([str(facts), str(out)]) == 2
    assert read_snapshot(out) == before


def test_table_of_another_build_is_refused_by_the_manifest(facts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([str(facts), str(out)]) == 0
    manifest = read_manifest((out / MANIFEST_NAME).read_text(encoding="utf-8"))
    replace_in(facts / "prices.csv", "0.526", "0.527")
    newer = build_snapshot(facts).files["offers.csv"]
    with pytest.raises(CatalogFileError, match=r"offers\.csv: was edited"):
        check_bytes(manifest, "offers.csv", newer)


def test_folder_that_cannot_be_written_gives_exit_code_two(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file where the folder should be", encoding="utf-8")
    assert main([str(facts), str(tmp_path / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_report_counts_rows_findings_and_what_was_left_out(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(facts), str(tmp_path / "out")]) == 0
    report = capsys.readouterr().out
    assert report.startswith("Catalogue of 2026-07-05 written to ")
    assert "        5  offers.csv" in report
    assert "unknown_accelerator (instance_types)" in report
    assert "aws/x1.odd: Z9 is not in the accelerators table" in report


def test_manifest_is_sorted_json_that_names_the_facts(facts: Path, tmp_path: Path) -> None:
    assert main([str(facts), str(tmp_path / "out")]) == 0
    written = json.loads((tmp_path / "out" / MANIFEST_NAME).read_text(encoding="utf-8"))
    assert list(written) == sorted(written)
    assert written["facts_compiled"] == "2026-11"
    assert written["inputs"]["prices.csv"]["table"] == "offers"


def test_build_compares_with_the_last_good_snapshot_only_when_it_is_named(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, out = tmp_path / "good", tmp_path / "out"
    assert main([str(facts), str(good)]) == 0
    assert "Not compared with a last good snapshot" in capsys.readouterr().out
    # 0.85 / 0.17 = 5: five times as dear; 0.6312 / 0.526 = 1.2
    replace_in(facts / "prices.csv", "c6i.xlarge,on_demand,0.17,", "c6i.xlarge,on_demand,0.85,")
    replace_in(
        facts / "prices.csv", "g4dn.xlarge,on_demand,0.526,", "g4dn.xlarge,on_demand,0.6312,"
    )
    assert main([str(facts), str(out), "--previous", str(good)]) == 0
    report = capsys.readouterr().out
    assert f"Compared with the last good snapshot in {good}." in report
    assert (
        "c6i.xlarge/on_demand///: 0.85/h after 0.17/h in the last good snapshot, +400%" in report
    )
    files = read_snapshot(out)
    offers = table(files, "offers").query("purchase_option == 'on_demand'")
    assert offers["instance_type"].tolist() == [
        "g4dn.xlarge", "n1-standard-4+nvidia-tesla-t4x1",
    ]  # fmt: skip
    assert offers["flags"].tolist() == ["on_demand_moved", ""]
    prices = read_manifest(files[MANIFEST_NAME].decode()).inputs["prices.csv"]
    # of six prices, that of the unknown accelerator and the one that jumped
    assert (prices.rows, prices.kept, prices.left_out) == (6, 4, 2)


def test_build_compared_with_itself_gives_the_same_bytes(facts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([str(facts), str(out)]) == 0
    before = read_snapshot(out)
    assert main([str(facts), str(out), "--previous", str(out)]) == 0
    assert read_snapshot(out) == before


def test_last_good_snapshot_that_is_not_there_gives_exit_code_two(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([str(facts), str(out), "--previous", str(tmp_path / "none")]) == 2
    assert "manifest.json: is not there" in capsys.readouterr().err
    assert not out.exists()
