//! Pools and recusals as people write them, and every fault by its line and column.

use super::super::column::{Column, Table, TableFaultCode as Code};
use super::super::recusal::ListedKind;
use super::super::{pool, recusal};
use jiff::civil::date;

const POOL: &str = "\
姓名,手机号,身份证号,单位,专业,原单位,亲属单位,禁评至
欧阳慕雪,139 1726 4850,310113197003070015,宝山设计院,房屋建筑、工程造价,\"甲公司(2024-05-31);云南(集团)公司;乙院（2020/1/2）\",丙公司,2026年12月1日
";

#[test]
fn a_pool_in_both_encodings() {
    for bytes in [
        POOL.as_bytes().to_vec(),
        encoding_rs::GB18030.encode(POOL).0.into_owned(),
    ] {
        let [person] = &pool::read(&bytes).unwrap()[..] else {
            unreachable!("one row");
        };
        assert_eq!(person.phone, "13917264850");
        assert_eq!(person.specialities, ["房屋建筑", "工程造价"]);
        assert_eq!(
            person.former_employers,
            [
                ("甲公司".to_owned(), Some(date(2024, 5, 31))),
                ("云南(集团)公司".to_owned(), None),
                ("乙院".to_owned(), Some(date(2020, 1, 2))),
            ]
        );
        assert_eq!(person.relatives_employers, ["丙公司"]);
        assert_eq!(person.banned_until, Some(date(2026, 12, 1)));
        assert_eq!(format!("{person:?}"), "PoolPerson(…)");
    }
}

#[track_caller]
fn faults(table: &str, expected: &[(u64, Option<Column>, Code)]) {
    let found = pool::read(table.as_bytes()).unwrap_err();
    let found: Vec<_> = found.iter().map(|f| (f.line, f.column, f.code)).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_fault_of_a_pool_is_named_by_line_and_column() {
    faults(
        "姓名,手机号,身份证号\n",
        &[(1, Some(Column::Specialities), Code::ColumnMissing)],
    );
    let header = "姓名,手机号,身份证号,专业,禁评至,原单位\n";
    faults(header, &[(2, None, Code::NoRows)]);
    faults(
        &format!(
            "{header}\n,12345,310113197003070010,,soon,甲(2024-02-30)\n\
             欧阳慕雪,13917264850,310113197003070015,房屋建筑,,\n\
             慕容,13917264851,310113197003070015,房屋建筑,,\n"
        ),
        &[
            (3, Some(Column::Name), Code::Empty),
            (3, Some(Column::Phone), Code::NotAMobile),
            (3, Some(Column::IdNumber), Code::Checksum),
            (3, Some(Column::Specialities), Code::Empty),
            (3, Some(Column::FormerEmployers), Code::NotADay),
            (3, Some(Column::BannedUntil), Code::NotADay),
            (5, Some(Column::IdNumber), Code::Duplicate),
        ],
    );
    let workbook = pool::read(b"PK\x03\x04\0\0").unwrap_err();
    assert_eq!(workbook[0].code, Code::Encoding);
}

#[test]
fn recusals_of_all_kinds() {
    let table = "类型,名称,别名,身份证号,至\n\
                 回避单位,云南滇西建设集团有限公司,滇西建设、西建,,\n\
                 亲属,欧阳慕雪,,,\n\
                 禁评,慕容雪,,310113197003070015,2026-12-31\n\
                 名单,上官云,,,\n";
    let recusals = recusal::read(table.as_bytes()).unwrap();
    assert_eq!(recusals.units.len(), 1);
    assert_eq!(recusals.units[0].len(), 3);
    let kinds: Vec<ListedKind> = recusals.people.iter().map(|p| p.kind).collect();
    assert_eq!(
        kinds,
        [ListedKind::Relative, ListedKind::Ban, ListedKind::Listed]
    );
    let wrong = "类型,名称,别名,身份证号,至\n朋友,欧阳慕雪,,,\n单位,甲,,,\n禁评,慕容雪,,1,x\n";
    let found = recusal::read(wrong.as_bytes()).unwrap_err();
    let found: Vec<_> = found
        .iter()
        .map(|f| (f.table, f.line, f.column, f.code))
        .collect();
    assert_eq!(
        found,
        [
            (Table::Recusals, 2, Some(Column::Kind), Code::UnknownKind),
            (Table::Recusals, 3, Some(Column::Name), Code::TooShort),
            (
                Table::Recusals,
                4,
                Some(Column::IdNumber),
                Code::NotAnIdNumber
            ),
            (Table::Recusals, 4, Some(Column::Until), Code::NotADay),
        ]
    );
}
