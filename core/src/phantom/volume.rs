//! The parts of a body and what each is there for.

use super::ray::{Aabb, Ray, Vec3};
use super::solid::{Capsule, Column, Ellipsoid};
use super::spans::Spans;
use super::stack::{Ribs, Vertebrae};
use super::tissue::Tissue;

/// Any solid of the phantom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// See [`Ellipsoid`].
    Ellipsoid(Ellipsoid),
    /// See [`Column`].
    Column(Column),
    /// See [`Capsule`].
    Capsule(Capsule),
    /// See [`Ribs`].
    Ribs(Box<Ribs>),
    /// See [`Vertebrae`].
    Vertebrae(Vertebrae),
}

impl Shape {
    /// `out` becomes the part of the ray that is inside.
    pub(crate) fn spans(&self, ray: &Ray, out: &mut Spans) {
        out.clear();
        let single = match self {
            Self::Ellipsoid(s) => s.span(ray),
            Self::Column(s) => s.span(ray),
            Self::Capsule(s) => s.span(ray),
            Self::Ribs(s) => return s.spans(ray, out),
            Self::Vertebrae(s) => return s.spans(ray, out),
        };
        if let Some(span) = single {
            out.push(span);
        }
    }

    /// Whether the point is inside.
    pub(crate) fn contains(&self, p: Vec3) -> bool {
        match self {
            Self::Ellipsoid(s) => s.contains(p),
            Self::Column(s) => s.contains(p),
            Self::Capsule(s) => s.contains(p),
            Self::Ribs(s) => s.contains(p),
            Self::Vertebrae(s) => s.contains(p),
        }
    }

    /// A box that holds it.
    pub(crate) fn bounds(&self) -> Aabb {
        match self {
            Self::Ellipsoid(s) => s.bounds(),
            Self::Column(s) => s.bounds(),
            Self::Capsule(s) => s.bounds(),
            Self::Ribs(s) => s.bounds(),
            Self::Vertebrae(s) => s.bounds(),
        }
    }
}

/// What a part is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Bounds the body; what is in it and nothing else is fat.
    Skin,
    /// What is in it and nothing else is muscle.
    Muscle,
    /// Takes the place of whatever would be there; earlier parts of a body win over later ones.
    Organ(Tissue),
    /// An organ of blood whose projection is measured.
    Heart,
}

/// A solid with its role.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// Where.
    pub(crate) shape: Shape,
    /// What for.
    pub(crate) role: Role,
}

impl Part {
    /// A part.
    pub(crate) fn new(shape: Shape, role: Role) -> Self {
        Self { shape, role }
    }
}
