//! PLY, in text or binary: vertices, with or without normals, and faces.

use super::{damaged, fan, surface};
use crate::cli::failure::Failure;
use crate::cli::input::Source;
use ply_rs_bw::parser::{Parser, Reader};
use ply_rs_bw::ply::{
    ElementDef, Encoding, Header, Property, PropertyAccess, PropertyAccessResult, PropertyType,
    ScalarType,
};
use sirenc::{Point, Surface};
use std::io::SeekFrom;

pub(super) fn read(source: &mut dyn Source) -> Result<Surface, Failure> {
    let length = source
        .seek(SeekFrom::End(0))
        .and_then(|length| source.rewind().map(|()| length))
        .map_err(|error| Failure::reading(&error))?;
    let mut reader = Reader::new(&mut *source);
    let header = Parser::<Skipped>::new()
        .read_header(&mut reader)
        .map_err(broken)?;
    holds(&header, length)?;
    let (mut points, mut normals, mut triangles) = (Vec::new(), None, Vec::new());
    for element in header.elements.values() {
        match element.name.as_str() {
            "vertex" => {
                let there = |name| element.properties.contains_key(name);
                if !["x", "y", "z"].iter().all(|&name| there(name)) {
                    return Err(Failure::Said("has vertices without x, y and z".into()));
                }
                let vertices = all::<Vertex>(&mut reader, element, &header)?;
                points = vertices.iter().map(|vertex| vertex.point).collect();
                if ["nx", "ny", "nz"].iter().all(|&name| there(name)) {
                    normals = Some(vertices.iter().map(|vertex| vertex.normal).collect());
                }
            }
            "face" => {
                for face in all::<Face>(&mut reader, element, &header)? {
                    triangles.extend(fan(&face.corners));
                }
            }
            _ => drop(all::<Skipped>(&mut reader, element, &header)?),
        }
    }
    surface(points, normals, triangles)
}

fn all<E: PropertyAccess>(
    reader: &mut Reader<&mut dyn Source>,
    element: &ElementDef,
    header: &Header,
) -> Result<Vec<E>, Failure> {
    let parser = Parser::<E>::new();
    parser
        .read_payload_for_element(reader, element, header)
        .map_err(broken)
}

fn broken(error: ply_rs_bw::parser::ParseError) -> Failure {
    damaged("PLY", error)
}

/// Refuses a header that promises more than a file of `length` bytes can hold.
fn holds(header: &Header, length: u64) -> Result<(), Failure> {
    for element in header.elements.values() {
        let least = match header.encoding {
            // A number and what ends it, for every property.
            Encoding::Ascii => 2 * element.properties.len() as u64,
            _ => element
                .properties
                .values()
                .map(|it| bytes(&it.data_type))
                .sum(),
        };
        // What has no properties takes no bytes, and is nothing.
        if element.count as u64 > length / least.max(1) || least == 0 && element.count > 0 {
            return Err(Failure::Said(format!(
                "declares {} of element {:?}, but has no more than {length} bytes; the file is not whole, or damaged",
                element.count, element.name
            )));
        }
    }
    Ok(())
}

/// The fewest bytes that a property takes in a binary file.
fn bytes(of: &PropertyType) -> u64 {
    match of {
        PropertyType::Scalar(scalar) | PropertyType::List(scalar, _) => match scalar {
            ScalarType::Char | ScalarType::UChar => 1,
            ScalarType::Short | ScalarType::UShort => 2,
            ScalarType::Int | ScalarType::UInt | ScalarType::Float => 4,
            ScalarType::Double => 8,
        },
    }
}

/// An element that is read to come to the next.
struct Skipped;

impl PropertyAccess for Skipped {
    fn new() -> Self {
        Self
    }
}

struct Vertex {
    point: Point,
    normal: Point,
}

impl PropertyAccess for Vertex {
    fn new() -> Self {
        Self {
            point: [0.0; 3],
            normal: [0.0; 3],
        }
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        let Self {
            point: [x, y, z],
            normal: [nx, ny, nz],
        } = self;
        let names = [
            ("x", x),
            ("y", y),
            ("z", z),
            ("nx", nx),
            ("ny", ny),
            ("nz", nz),
        ];
        let Some((_, number)) = names.into_iter().find(|(known, _)| *known == name) else {
            return PropertyAccessResult::Ignored;
        };
        match property.to_f32_lossy() {
            Some(value) => {
                *number = value;
                PropertyAccessResult::Set
            }
            None => PropertyAccessResult::UnsupportedType,
        }
    }
}

struct Face {
    corners: Vec<u32>,
}

impl PropertyAccess for Face {
    fn new() -> Self {
        Self {
            corners: Vec::new(),
        }
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        if !matches!(name, "vertex_indices" | "vertex_index") {
            return PropertyAccessResult::Ignored;
        }
        match property.to_u32_list() {
            Some(corners) => {
                self.corners = corners;
                PropertyAccessResult::Set
            }
            None => PropertyAccessResult::UnsupportedType,
        }
    }
}
